// Copying a message or a piece of code.

import { announce, word } from "../shared/words.js";

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Over plain HTTP there is no clipboard API; the older command works.
  const field = Object.assign(document.createElement("textarea"), { value: text, className: "sr-only" });
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
  return undefined;
}

/** The text as it is read: bullets and numbers stay, formulas take one line, our own additions go. */
function shownText(prose) {
  const copied = prose.cloneNode(true);
  copied.classList.add("sr-only");
  copied.querySelectorAll("figcaption, .link-host").forEach((added) => added.remove());
  for (const formula of copied.querySelectorAll("math")) formula.replaceWith(formula.textContent.replace(/\s+/g, ""));
  for (const item of copied.querySelectorAll("li")) item.prepend(mark(item));
  prose.after(copied);
  const text = copied.innerText.trim();
  copied.remove();
  return text;
}

function mark(item) {
  const depth = "  ".repeat(Math.max(0, level(item) - 1));
  if (item.parentNode.tagName !== "OL") return `${depth}- `;
  return `${depth}${item.parentNode.start + [...item.parentNode.children].indexOf(item)}. `;
}

function level(item) {
  const list = item.parentNode.closest("ul, ol");
  return list ? 1 + level(list) : 0;
}

function confirmCopy(button) {
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
    confirmCopy(button);
    button.focus();
  } catch { /* The browser denied access: nothing was copied, and no copy is confirmed. */ }
});
