// Photos as phones send them: of a few types, and no larger than the app sends them.

const QUALITY = 0.88;

/**
 * @param {Blob} file A picture.
 * @param {{types: string[], side: number}} limits Of the app.
 * @returns {Promise<Blob>} The same, or a JPEG made of it; what the browser cannot read stays as it is.
 */
export async function asPhoto(file, { types, side }) {
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    return file;
  }
  const scale = Math.min(1, side / Math.max(picture.width, picture.height));
  // A GIF moves only as it is.
  if (types.includes(file.type) && (scale === 1 || file.type === "image/gif")) return file;
  const canvas = Object.assign(document.createElement("canvas"), {
    width: Math.max(1, Math.round(picture.width * scale)),
    height: Math.max(1, Math.round(picture.height * scale)),
  });
  const drawing = canvas.getContext("2d");
  drawing.fillStyle = "#fff";
  drawing.fillRect(0, 0, canvas.width, canvas.height);
  drawing.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return new Promise((done) => { canvas.toBlob((blob) => done(blob ?? file), "image/jpeg", QUALITY); });
}
