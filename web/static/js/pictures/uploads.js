// Uploads of a picture: chosen in a field, dropped on the page, or pasted.

/**
 * @param {HTMLInputElement} field The field for files, whose name the upload takes.
 * @param {function(FormData): void} send Called with the first image that was chosen, dropped or pasted.
 */
export function listenForUploads(field, send) {
  const root = document.documentElement;

  function sendImage(files) {
    const file = [...files].find((one) => one.type.startsWith("image/"));
    if (!file) return false;
    const fields = new FormData();
    fields.set(field.name, file);
    send(fields);
    return true;
  }

  field.addEventListener("change", () => {
    sendImage(field.files);
    field.value = "";
  });
  document.addEventListener("paste", (event) => sendImage(event.clipboardData.files) && event.preventDefault());
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    root.dataset.dropping = "";
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget || delete root.dataset.dropping);
  document.addEventListener("drop", (event) => {
    delete root.dataset.dropping;
    if (sendImage(event.dataTransfer.files)) event.preventDefault();
  });
}
