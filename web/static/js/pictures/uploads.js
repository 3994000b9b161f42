// Uploads of a picture: chosen in a field, dropped on the page, or pasted. What does not become one is told.

import { given, isAddressAlone, isFolder, listenForDrops, pictureKind, smaller } from "../shared/pictures.js";

/**
 * @param {HTMLInputElement} field The field for files, whose name the upload takes; `data-most` has how many bytes one may
 *   have, `data-shrink` the script that makes it small.
 * @param {{send: function(FormData): Promise<boolean>, say: function(string, string=): void}} options `send` is called with
 *   the first picture of what was given, and resolves to whether it was taken; `say` with the name of a sentence, empty for
 *   none, and the file's name.
 */
export function listenForUploads(field, { send, say }) {
  const { most, shrink } = field.dataset;

  /** Send the first picture of them; where none is one the server refuses the first file in words. */
  async function take(files) {
    const kinds = await Promise.all(files.map((file) => pictureKind(file).catch(() => null)));
    const first = Math.max(0, kinds.findIndex(Boolean));
    const file = files[first];
    const wrong = refusal(file, kinds[first]);
    if (wrong) return say(wrong, file.name);
    say("sending");
    const small = await smaller(file, kinds[first], shrink);
    if (small.size > Number(most)) return say("large", file.name);
    const fields = new FormData();
    fields.set(field.name, small, file.name);
    if (await send(fields)) say(files.length > 1 ? "one" : "", file.name);
  }

  field.addEventListener("change", () => {
    const files = [...field.files];
    field.value = "";
    if (files.length) take(files);
  });
  document.addEventListener("paste", (event) => {
    const files = given(event.clipboardData);
    const address = !files.length && isAddressAlone(event.clipboardData);
    if (!address && !files.length) return;
    event.preventDefault();
    if (address) say("address");
    else take(files);
  });
  listenForDrops(take, () => say("address"));
}

/** Why a file is not even sent, as the name of a sentence; `kind` is null where it cannot be read. */
function refusal(file, kind) {
  if (isFolder(file)) return "folder";
  if (kind === null) return "unread";
  if (!file.size) return "empty";
  return !kind && file.type.startsWith("video/") ? "video" : "";
}
