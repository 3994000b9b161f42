// A picture that is attached: small in a chip, and as large as the window.

import { piece } from "../shared/words.js";

/** Put the picture in the place of the icon, where the file is one. */
export function showThumbnail(item, { picture }) {
  if (!picture) return;
  const thumbnail = Object.assign(document.createElement("img"), { src: picture, alt: "", width: 36, height: 36 });
  item.querySelector("i")?.replaceWith(thumbnail);
}

/** Show a picture as large as the window. */
export function showLarge(url, alt) {
  const dialog = piece("picture-dialog");
  Object.assign(dialog.querySelector("img"), { src: url, alt });
  dialog.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
