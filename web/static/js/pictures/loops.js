// Loops play where motion is welcome, and stop at a touch; small ones only while one looks at them.

const calm = matchMedia("(prefers-reduced-motion: reduce)");

function begin(video) {
  video.play().catch(() => { /* The browser waits for a touch first. */ });
}

/** A large loop, which plays by itself and has a button beside it. */
function prepare(video) {
  const button = video.parentElement.querySelector("[data-play]");
  const show = () => {
    button.classList.toggle("icon-play", video.paused);
    button.classList.toggle("icon-pause", !video.paused);
    button.ariaPressed = !video.paused;
  };
  video.removeAttribute("controls");
  button.hidden = false;
  button.addEventListener("click", () => (video.paused ? begin(video) : video.pause()));
  video.addEventListener("play", show);
  video.addEventListener("pause", show);
  video.autoplay = !calm.matches;
  if (!calm.matches) begin(video);
  show();
}

function prepareAll() {
  for (const video of document.querySelectorAll("video[data-loop][controls]")) prepare(video);
}

for (const [type, act] of [["pointerover", begin], ["focusin", begin], ["pointerout", (video) => video.pause()], ["focusout", (video) => video.pause()]]) {
  document.addEventListener(type, ({ target }) => {
    const video = target.closest?.(".picture-link")?.querySelector("video");
    if (video && !calm.matches) act(video);
  });
}

new MutationObserver(prepareAll).observe(document.getElementById("main"), { childList: true, subtree: true });
prepareAll();
