// A picture of one's own to begin with: chosen, dropped on the page, or pasted.

/** `send(fields)` is called with a `FormData` that holds the file. */
export function listenForUploads(field, send) {
  const root = document.documentElement;

  function take(files) {
    const file = [...files].find((one) => one.type.startsWith("image/"));
    if (!file) return false;
    const fields = new FormData();
    fields.set(field.name, file);
    send(fields);
    return true;
  }

  field.addEventListener("change", () => {
    take(field.files);
    field.value = "";
  });
  document.addEventListener("paste", (event) => take(event.clipboardData.files) && event.preventDefault());
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    root.dataset.dropping = "";
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget || delete root.dataset.dropping);
  document.addEventListener("drop", (event) => {
    delete root.dataset.dropping;
    if (take(event.dataTransfer.files)) event.preventDefault();
  });
}
