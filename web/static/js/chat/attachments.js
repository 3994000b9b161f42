// The files of a message that is being written: pasted, chosen or dropped, uploaded one after the other, shown as chips.

import { post } from "../shared/http.js";
import { draft } from "../shared/store.js";
import { piece } from "../shared/words.js";
import { given, isAddressAlone, isFolder, listenForDrops, pictureKind, smaller } from "../shared/pictures.js";
import { showLarge, showThumbnail } from "./attached-picture.js";

const UPLOAD_TIMEOUT = 90_000;
const PICTURE = /^image\/(?!svg)/;
const PICTURE_NAME = /\.(?:jpe?g|png|webp|gif|hei[cf]|hif|avif)$/i;
const MEDIA = /^(?:audio|video|font)\//;
const TEXT = /^(?:text\/|$)|json|xml|script/;
// Typed one by one, also where an input method gives a word.
const TYPED = 50;

/** One sent file as `{id, name, short, size, picture}`, in the chip of a message that is not sent yet. */
function chip(file) {
  const item = piece("tray-file");
  item.querySelector(".file-name").textContent = file.short;
  item.querySelector(".file-size").textContent = `, ${file.size}`;
  showThumbnail(item, file);
  return item;
}

/** A list of chips without buttons, for a message that waits to be accepted. */
export function sentFiles(files) {
  const list = Object.assign(document.createElement("ul"), { className: "files message-files" });
  for (const file of files) {
    const item = chip(file);
    item.querySelector("[data-open]").disabled = true;
    for (const button of item.querySelectorAll("[data-again], [data-remove]")) button.remove();
    list.append(item);
  }
  return list;
}

/** Forget the files kept for the draft `name` once one of them is in `thread`. */
export function forgetSent(name, thread) {
  const kept = draft.read(`files:${name}`) || [];
  if (kept.some(({ id }) => thread.querySelector(`[data-file="${id}"]`))) draft.write(`files:${name}`, "");
}

/** Open the files of messages in `thread` in a dialog. Without script their links lead to a page. */
export function openFilesOf(thread, sentence) {
  thread.addEventListener("click", (event) => {
    const link = event.target.closest("[data-file]");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    if (link.dataset.picture) {
      showLarge(link.dataset.picture, link.querySelector("img").alt);
      return;
    }
    const file = { name: link.title, size: link.dataset.size, url: `${link.pathname}text`, text: null, sentence };
    show(file).catch(() => location.assign(link.href));
  });
}

/** Show a file in the dialog, whose script is loaded with the first one. */
async function show(file) {
  const { showFile } = await import("./file-dialog.js");
  return showFile(file);
}

export class Tray {
  #items = [];
  #uploads = Promise.resolve();

  /**
   * @param {HTMLFormElement} form With a textarea; where it has a field for files, dropped ones go here too.
   * @param {{name: string|null, kept: Array<object>, onChange: function(boolean): void}} options `name` of the draft
   *   with which the files are kept over a reload; `kept` are those that the message has already; `onChange` is called
   *   with whether there are files to send.
   */
  constructor(form, { name = null, kept = [], onChange = () => {} } = {}) {
    this.field = form.querySelector("textarea");
    this.name = name;
    this.onChange = onChange;
    this.element = piece("tray");
    this.list = this.element.querySelector("ul");
    this.line = this.element.querySelector(".tray-line");
    this.status = this.element.querySelector(".sr-only");
    const button = form.querySelector(".attach");
    (button ?? this.field).before(this.element);
    this.field.addEventListener("paste", (event) => this.#paste(event));
    this.field.addEventListener("beforeinput", (event) => this.#input(event));
    if (button) this.#listenToPage(form.querySelectorAll(".attach input"));
    this.put(name ? draft.read(`files:${name}`) || [] : kept, kept.length > 0);
    if (name) this.#takeAttached(form.querySelector("[data-attached]"));
  }

  /** Take over the file that came with the page; its address names it only until then. */
  #takeAttached(list) {
    if (!list) return;
    const { id, name, short, size, picture } = list.dataset;
    list.remove();
    const address = new URL(location.href);
    address.searchParams.delete("attached");
    history.replaceState(history.state, "", address);
    if (!this.ids.includes(id)) this.put([{ id, name, short, size, picture }]);
    this.field.focus();
  }

  /** The ids of what is uploaded. */
  get ids() {
    return this.#ready.map(({ id }) => id);
  }

  get #ready() {
    return this.#items.filter(({ state }) => state === "ready");
  }

  get #kept() {
    return this.#ready.map(({ id, name, short, size, picture }) => ({ id, name, short, size, picture }));
  }

  /** Whether a message must not be sent yet, as a file is on its way or could not be attached. Says so. */
  hold() {
    const failed = this.#items.some(({ state }) => state === "failed");
    const sentence = failed ? "stuck" : this.#items.some(({ state }) => state === "sending") ? "wait" : "";
    this.#say(sentence);
    return Boolean(sentence);
  }

  /** The files as `{id, name, short, size, picture}`, for a message that takes them; the tray is empty then. */
  take() {
    const taken = this.#kept;
    this.clear();
    return taken;
  }

  /** Show files that are uploaded already. Those that a message has are not deleted when they are removed. */
  put(files, claimed = false) {
    for (const file of files) {
      const item = this.#add({ ...file, claimed });
      this.#finish(item, file);
    }
    this.#changed();
  }

  /** Empty the tray; nothing is deleted. */
  clear() {
    for (const item of this.#items) item.element.remove();
    this.#items = [];
    this.#changed();
  }

  /** Delete what was uploaded here and will not be sent. */
  discard() {
    for (const item of [...this.#items]) this.#remove(item);
  }

  /** Attach a text that was pasted. */
  addText(text) {
    const file = new File([text], "pasted.txt", { type: "text/plain" });
    const word = this.#word("pasted");
    const item = this.#add({ name: word, short: word, file, text, pasted: true });
    if (this.#items.length > this.#most) this.#fail(item, `${this.#word("many")} ${this.#word("clipboard")}`, false);
    else if (file.size > this.#bytes) this.#fail(item, `${this.#word("large")} ${this.#word("clipboard")}`, false);
    else this.#upload(item);
  }

  /** Attach files; those over the number of a message are left out, which is said. */
  addFiles(files) {
    const room = Math.max(0, this.#most - this.#items.length);
    for (const file of [...files].slice(0, room)) this.#addFile(file);
    if (files.length > room) this.#say("many");
  }

  #addFile(file) {
    const item = this.#add({ name: file.name, short: shortened(file.name), file });
    this.#examine(item).then((wrong) => {
      if (item.removed) return;
      if (wrong) this.#fail(item, this.#word(wrong), false);
      else this.#upload(item);
    });
  }

  /** Why a file cannot be attached, as the name of a sentence. How large a picture is counts once it was made small. */
  async #examine(item) {
    const { file } = item;
    const any = "any" in this.element.dataset;
    if (isFolder(file)) return "folder";
    item.kind = await pictureKind(file).catch(() => null);
    if (item.kind === null) return "unread";
    if (!file.size) return "empty";
    item.isPicture = Boolean(item.kind) || (!any && (PICTURE.test(file.type) || PICTURE_NAME.test(file.name)));
    item.text = item.isPicture || (any && !TEXT.test(file.type)) ? "" : null;
    if (item.isPicture) return this.#pictureBytes ? "" : "picture";
    if (!any && MEDIA.test(file.type)) return "media";
    return file.size > this.#bytes ? "large" : "";
  }

  get #most() {
    return Number(this.element.dataset.most);
  }

  /** How large a picture may be; 0 where none is taken. */
  get #pictureBytes() {
    return Number(this.element.dataset.pictures ?? 0);
  }

  get #bytes() {
    return Number(this.element.dataset.bytes);
  }

  #word(name) {
    return this.element.getAttribute(`data-word-file-${name}`);
  }

  #say(name) {
    this.line.textContent = name && this.#word(name);
  }

  // What comes in

  #paste(event) {
    const { files, types } = event.clipboardData;
    // Office programs put a picture of the text beside the text.
    if (files.length && !types.includes("text/plain")) {
      event.preventDefault();
      this.addFiles(given(event.clipboardData));
      return;
    }
    if (isAddressAlone(event.clipboardData)) {
      event.preventDefault();
      this.#say("address");
      return;
    }
    const text = lines(event.clipboardData.getData("text/plain"));
    if (!text || this.#fits(text)) return;
    event.preventDefault();
    this.addText(text);
  }

  /** What comes in besides by the clipboard's key: dropped text, the clipboard of a phone's keyboard. */
  #input(event) {
    const text = lines(event.data ?? event.dataTransfer?.getData("text/plain") ?? "");
    if (!text || this.#fits(text)) return;
    if (text.length <= TYPED || event.isComposing) {
      this.#say("typed");
      return;
    }
    event.preventDefault();
    this.addText(text);
  }

  /** Whether the message can hold `text` in place of what is selected. */
  #fits(text) {
    const { value, selectionStart, selectionEnd, maxLength } = this.field;
    return value.length - (selectionEnd - selectionStart) + text.length <= maxLength;
  }

  #listenToPage(inputs) {
    for (const input of inputs) {
      input.addEventListener("change", () => {
        this.addFiles(input.files);
        input.value = "";
        this.field.focus();
      });
    }
    document.addEventListener("paste", (event) => {
      if (!event.target.closest?.("input, textarea, dialog")) this.#paste(event);
    });
    listenForDrops((files) => this.addFiles(files), () => this.#say("address"));
  }

  // The chips

  #add(fields) {
    const item = { state: "sending", id: "", size: "", text: null, ...fields, element: piece("tray-file") };
    const { element } = item;
    element.querySelector(".file-name").textContent = item.short;
    element.querySelector("[data-open]").title = item.name;
    element.querySelector("[data-open]").addEventListener("click", () => this.#open(item));
    item.again = element.querySelector("[data-again]");
    item.again.addEventListener("click", () => this.#upload(item));
    item.again.remove();
    element.querySelector("progress").setAttribute("aria-label", `${this.#word("sending")}: ${item.name}`);
    const remove = element.querySelector("[data-remove]");
    remove.setAttribute("aria-label", `${this.#word("remove")}: ${item.name}`);
    remove.addEventListener("click", () => {
      this.#remove(item);
      this.status.textContent = `${this.#word("removed")}: ${item.name}`;
      this.field.focus();
    });
    this.#say("");
    this.list.append(element);
    this.#items.push(item);
    return item;
  }

  /** Show a file that is uploaded, with a hidden field for forms that are sent by the browser itself. */
  #finish(item, { id, name, short, size, picture }) {
    Object.assign(item, { state: "ready", id, name, short, size, picture });
    const { element } = item;
    showThumbnail(element, item);
    element.querySelector("progress").hidden = true;
    element.querySelector(".file-name").textContent = short;
    element.querySelector("[data-open]").title = name;
    element.querySelector(".file-size").textContent = `, ${size}`;
    element.append(Object.assign(document.createElement("input"), { type: "hidden", name: "attachments", value: id }));
  }

  #fail(item, sentence, retry) {
    item.state = "failed";
    item.element.classList.add("failed");
    item.element.querySelector("progress").hidden = true;
    item.element.querySelector(".file-size").textContent = `: ${sentence}`;
    if (retry) item.element.querySelector("[data-remove]").before(item.again);
    this.status.textContent = `${item.name}: ${sentence}`;
    this.#changed();
  }

  #remove(item) {
    item.removed = true;
    item.request?.abort();
    item.element.remove();
    this.#items = this.#items.filter((one) => one !== item);
    this.#say("");
    // Where this fails the file expires by itself.
    if (item.id && !item.claimed) post(`${this.element.dataset.attach}${item.id}/discard`).catch(() => {});
    this.#changed();
  }

  async #open(item) {
    if (item.picture) showLarge(item.picture, item.name);
    // Not a text: there is nothing to read in it.
    if (item.picture || item.text === "") return;
    const text = item.text ?? (item.state === "ready" ? null : await item.file.text());
    const url = item.id && `${this.element.dataset.attach}${item.id}/text`;
    const back = (found) => (this.#fitsBeside(found) ? () => this.#putBack(item, found) : null);
    const file = { name: item.name, size: item.size, url, text, sentence: this.#word("gone"), back };
    show(file).catch(() => this.#say("gone"));
  }

  #fitsBeside(text) {
    return this.field.value.length + text.length + 1 <= this.field.maxLength;
  }

  #putBack(item, text) {
    this.#remove(item);
    this.field.value = [this.field.value, text].filter(Boolean).join("\n");
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
    this.field.focus();
  }

  #changed() {
    const ready = this.#ready;
    if (this.name) {
      const kept = this.#kept;
      draft.write(`files:${this.name}`, kept.length ? kept : "");
    }
    this.onChange(ready.length > 0);
  }

  // Uploading: one at a time, as the first one makes a visitor a guest

  #upload(item) {
    item.state = "sending";
    item.element.classList.remove("failed");
    item.again.remove();
    item.element.querySelector(".file-size").textContent = "";
    item.element.querySelector("progress").hidden = false;
    this.status.textContent = `${this.#word("sending")}: ${item.name}`;
    this.#changed();
    this.#uploads = this.#uploads.then(() => item.removed || this.#send(item));
  }

  async #send(item) {
    const progress = item.element.querySelector("progress");
    const fields = new FormData();
    item.small ??= item.kind ? await smaller(item.file, item.kind, this.element.dataset.shrink) : item.file;
    if (item.removed) return;
    if (item.isPicture && item.small.size > this.#pictureBytes) {
      this.#fail(item, this.#word("large-picture"), false);
      return;
    }
    fields.set("file", item.small, item.file.name);
    if (item.pasted) fields.set("pasted", "1");
    const { status, value } = await transfer(this.element.dataset.attach, fields, item, (share) => {
      progress.value = 100 * share;
    });
    if (status === 201 && item.removed) post(`${this.element.dataset.attach}${value.id}/discard`).catch(() => {});
    if (item.removed) return;
    if (status === 201) {
      this.#finish(item, value);
      this.status.textContent = `${this.#word("ready")}: ${item.name}, ${item.size}`;
      this.#changed();
    } else if (status === 413) {
      // What is too large for the site itself was not sent.
      this.#fail(item, value?.sentence ?? this.#word("proxy"), false);
    } else {
      this.#fail(item, value?.sentence ?? this.#word("failed"), value?.retry ?? true);
    }
  }
}

/** Post `fields`; fetch() reports no progress. Never rejects: without a response the status is 0. */
function transfer(url, fields, item, onProgress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    item.request = request;
    request.open("POST", url);
    request.timeout = UPLOAD_TIMEOUT;
    request.responseType = "json";
    request.setRequestHeader("X-CSRFToken", document.querySelector('meta[name="csrf-token"]').content);
    request.setRequestHeader("X-Fragment", "1");
    request.upload.addEventListener("progress", ({ loaded, total }) => total && onProgress(loaded / total));
    request.addEventListener("loadend", () => resolve({ status: request.status, value: request.response }));
    request.send(fields);
  });
}

/** Lines as a field has them. */
function lines(text) {
  return text.replace(/\r\n?/g, "\n");
}

/** A name whose middle is cut, until the server has said how it is shown. */
function shortened(name) {
  const letters = [...name];
  return letters.length > 32 ? `${letters.slice(0, 19).join("")}…${letters.slice(-12).join("")}` : name;
}
