// Uploads of a picture: chosen in a field, dropped on the page, or pasted.

/**
 * @param {HTMLInputElement} field The field for files, whose name the upload takes.
 * @param {function(FormData): void} send Called with the first file that was chosen, or the first image dropped or pasted.
 */
export function listenForUploads(field, send) {
  const root = document.documentElement;

  function sendImage(files) {
    return sendFile([...files].find((one) => one.type.startsWith("image/")));
  }

  function sendFile(file) {
    if (!file) return false;
    const fields = new FormData();
    fields.set(field.name, file);
    send(fields);
    return true;
  }

  field.addEventListener("change", () => {
    // What is no image goes too: the server refuses it in words.
    sendFile(field.files[0]);
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
    const { files } = event.dataTransfer;
    if (sendImage(files) || sendFile(files[0])) event.preventDefault();
  });
}
