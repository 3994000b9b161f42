// Beside the page: one picture made small. A photograph of 50 million pixels takes a phone a second or two.

onmessage = async ({ data }) => postMessage(await shrunk(data).catch(() => null));

/**
 * @param {{file: File, side: number, type: string, quality: number}} wanted
 * @returns {Promise<Blob|null>} It, upright and in sRGB, without metadata; null where it is as small already. Rejects
 *   where the browser does not read its kind, or has no memory for it.
 */
async function shrunk({ file, side, type, quality }) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = side / Math.max(bitmap.width, bitmap.height);
  if (scale >= 1) return null;
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale)));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas.convertToBlob({ type, quality });
}
