// Playback of loops: large ones play by themselves unless motion is reduced, small ones on hover or focus.

const calm = matchMedia("(prefers-reduced-motion: reduce)");

function play(video) {
  video.play().catch(() => { /* Autoplay is blocked until the person touches the page. */ });
}

/** Give a large loop a button in place of the browser's controls. */
function prepare(video) {
  const button = video.parentElement.querySelector("[data-play]");
  const show = () => {
    button.classList.toggle("icon-play", video.paused);
    button.classList.toggle("icon-pause", !video.paused);
    button.ariaPressed = !video.paused;
  };
  video.removeAttribute("controls");
  button.hidden = false;
  button.addEventListener("click", () => (video.paused ? play(video) : video.pause()));
  video.addEventListener("play", show);
  video.addEventListener("pause", show);
  video.autoplay = !calm.matches;
  if (!calm.matches) play(video);
  show();
}

function prepareAll() {
  for (const video of document.querySelectorAll("video[data-loop][controls]")) prepare(video);
}

for (const [type, act] of [["pointerover", play], ["focusin", play], ["pointerout", (video) => video.pause()], ["focusout", (video) => video.pause()]]) {
  document.addEventListener(type, ({ target }) => {
    const video = target.closest?.(".picture-link")?.querySelector("video");
    if (video && !calm.matches) act(video);
  });
}

new MutationObserver(prepareAll).observe(document.getElementById("main"), { childList: true, subtree: true });
prepareAll();
