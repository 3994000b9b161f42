// The page that shows a new key, once: its button copies it.

const card = document.querySelector("[data-made]");
const field = card.querySelector("input");

async function copy(button) {
  field.select();
  if (navigator.clipboard) await navigator.clipboard.writeText(field.value);
  else if (!document.execCommand("copy")) throw new Error("the browser refused");
  button.textContent = card.dataset.wordCopied;
  card.querySelector("[data-status]").textContent = card.dataset.wordCopied;
}

card.querySelector("[data-copy]").addEventListener("click", (event) => {
  // Where the browser refuses, the key is selected: it can be copied by hand.
  copy(event.currentTarget).catch(() => {});
});
