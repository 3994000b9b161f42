// Files that somebody gives to a page: what they are by their bytes; large pictures are made small before they travel.

import { startWorker } from "./http.js";

// As large as the server keeps one at most.
const SIDE = 2048;
// Smaller ones are quick on any line.
const ENOUGH = 500_000;
const QUALITY = 0.9;
// Where it takes longer the file goes as it is.
const PATIENCE = 30_000;
const HEAD = 64;
// WebP keeps what is transparent. Of a GIF the server takes the first frame, so nothing is made of it here.
const SMALL = { jpeg: "image/jpeg", heif: "image/jpeg", png: "image/webp", webp: "image/webp", avif: "image/webp" };
const STARTS = {
  jpeg: /^\xff\xd8\xff/,
  png: /^\x89PNG\r\n\x1a\n/,
  gif: /^GIF8[79]a/,
  webp: /^RIFF[^]{4}WEBP/,
  avif: /^[^]{4}ftyp(?:avi[fs]|m[is]f1[^]{4}(?:[^]{4})*?avi[fs])/,
  heif: /^[^]{4}ftyp(?:hei[cxms]|hev[cxms]|m[is]f1)/,
};

const ADDRESS = /^(?:(?:https?|data|blob):\S+)?$/i;

const folders = new WeakSet();

/** Whether a file of `given` is a folder. */
export const isFolder = (file) => folders.has(file);

/**
 * What was dropped or pasted, as long as its event lasts.
 * @param {DataTransfer} transfer
 * @returns {File[]} Its files, and the folders as files that cannot be read.
 */
export function given(transfer) {
  return [...transfer.items].filter(({ kind }) => kind === "file").flatMap((item) => {
    const entry = item.webkitGetAsEntry?.();
    const file = item.getAsFile() ?? (entry && new File([], entry.name));
    if (entry?.isDirectory) folders.add(file);
    return file ? [file] : [];
  });
}

/** Whether a picture was taken from another page of which no more than the address came along. */
export function isAddressAlone(transfer) {
  const text = transfer.getData("text/plain").trim();
  return !transfer.types.includes("Files") && ADDRESS.test(text) && /<img\b/i.test(transfer.getData("text/html"));
}

/**
 * Take what is dropped anywhere on the page.
 * @param {function(File[]): void} take
 * @param {function(): void} refuse Called where no more than the address of a picture was dropped.
 */
export function listenForDrops(take, refuse) {
  const root = document.documentElement;
  document.addEventListener("dragover", (event) => {
    const { types } = event.dataTransfer;
    if (types.includes("Files")) root.dataset.dropping = "";
    // Words may be moved within a field. Elsewhere the browser would leave the page for what is dropped.
    else if (!types.includes("text/html") || event.target.closest("input, textarea")) return;
    event.preventDefault();
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget || delete root.dataset.dropping);
  document.addEventListener("drop", (event) => {
    delete root.dataset.dropping;
    const files = given(event.dataTransfer);
    const refused = !files.length && isAddressAlone(event.dataTransfer);
    if (files.length || refused) event.preventDefault();
    if (files.length) take(files);
    if (refused) refuse();
  });
}

/**
 * @param {File} file
 * @returns {Promise<string>} What kind of picture it is by its bytes, a name in STARTS; empty for anything else. Rejects
 *   where it cannot be read: it is gone, or a folder.
 */
export async function pictureKind(file) {
  const bytes = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
  const head = String.fromCharCode(...bytes);
  return Object.keys(STARTS).find((kind) => STARTS[kind].test(head)) ?? "";
}

/**
 * @param {File} file A picture of that kind.
 * @param {string} kind
 * @param {string} script The address of shrink-worker.js.
 * @returns {Promise<File>} The same picture in fewer bytes and pixels, or the file itself where it is small, or nothing
 *   can be made of it here.
 */
export async function smaller(file, kind, script) {
  if (file.size <= ENOUGH || !SMALL[kind] || !globalThis.OffscreenCanvas) return file;
  const blob = await shrunk({ file, side: SIDE, type: SMALL[kind], quality: QUALITY }, script);
  return blob && blob.size < file.size ? new File([blob], file.name, { type: blob.type }) : file;
}

async function shrunk(wanted, script) {
  let worker = null;
  let timer = 0;
  try {
    worker = startWorker(script);
    return await new Promise((resolve, reject) => {
      timer = setTimeout(reject, PATIENCE);
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = reject;
      worker.postMessage(wanted);
    });
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
    worker?.terminate();
  }
}
