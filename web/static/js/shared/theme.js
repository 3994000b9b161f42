// The switch between light, dark, and what the system says; early.js shows what is chosen.

const options = document.querySelectorAll("[data-theme-switch] input");

/** Mark the option that is in use. */
function mark() {
  const theme = document.documentElement.dataset.theme ?? "";
  for (const option of options) option.checked = option.value === theme;
}

function choose(theme) {
  try {
    if (theme) localStorage.setItem("theme", theme);
    else localStorage.removeItem("theme");
  } catch { /* Storage is switched off: it holds for this page only. */ }
  dispatchEvent(new CustomEvent("theme", { detail: theme }));
}

for (const option of options) option.addEventListener("change", () => choose(option.value));
// Another tab has chosen; early.js, which came first, has shown it already.
addEventListener("storage", mark);
addEventListener("pageshow", mark);
mark();
