// Drafts and unsent messages, kept over a reload in the storage of this tab.

function read(key, otherwise) {
  try {
    return JSON.parse(sessionStorage.getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

function write(key, value) {
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify(value));
  } catch { /* Storage is full or switched off: the page itself still holds the text. */ }
}

/** The draft kept under `name`; an empty text removes it. */
export const draft = {
  read: (name) => read(`draft:${name}`, ""),
  write: (name, text) => write(`draft:${name}`, text || null),
};

/** The messages of one conversation that the server has not accepted yet: a list of `{id, text}`. */
export class Outbox {
  constructor(conversation) {
    this.key = `outbox:${conversation}`;
    this.entries = read(this.key, []);
  }

  /** Keep a message. */
  add(entry) {
    this.entries.push(entry);
    write(this.key, this.entries);
  }

  /** Remove the message `id`. Returns whether it was there. */
  remove(id) {
    const before = this.entries.length;
    this.entries = this.entries.filter((entry) => entry.id !== id);
    write(this.key, this.entries.length ? this.entries : null);
    return this.entries.length < before;
  }
}

/**
 * Make an id.
 * @returns {string} A UUID, also over plain HTTP, where `randomUUID` is missing.
 */
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
