// Copying a message or a piece of code.

import { announce, word } from "./words.js";

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Over plain HTTP the browser keeps its clipboard to itself; this old way still works.
  const field = Object.assign(document.createElement("textarea"), { value: text, className: "sr-only" });
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
  return undefined;
}

function shownText(prose) {
  prose.classList.add("copying");
  const text = prose.innerText.trim();
  prose.classList.remove("copying");
  return text;
}

function thank(button) {
  announce(word("copied"));
  const icon = button.classList.contains("icon");
  const before = button.textContent;
  if (icon) button.classList.replace("icon-copy", "icon-check");
  else button.textContent = word("copied");
  setTimeout(() => {
    if (icon) button.classList.replace("icon-check", "icon-copy");
    else button.textContent = before;
  }, 1500);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy-message], .copy-code");
  if (!button) return;
  const code = button.closest("figure")?.querySelector("code");
  const text = code ? code.textContent : shownText(button.closest(".message").querySelector(".prose"));
  try {
    await copy(text);
    thank(button);
    button.focus();
  } catch { /* The browser forbade it; nothing was copied and nothing says so. */ }
});
