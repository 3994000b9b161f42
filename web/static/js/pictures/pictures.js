// The pictures of a page: progress of those in the making, and the forms of their buttons.

import { fragment, parse, post, sentenceOf } from "../shared/http.js";
import { announce, notice, word } from "../shared/words.js";

const UPLOAD_TIMEOUT = 120_000;
const SAY_EVERY = 10_000;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const MAKING = "[data-status=waiting], [data-status=drawing]";

export class Pictures {
  #progress = new Map();
  #fetches = 0;
  #applied = new Map();
  #unseen = 0;
  #saying = null;

  /**
   * @param {HTMLElement} section Holds the wall, to which new pictures are added.
   * @param {function({making: number, done: number}): void} onProgress Called with how many are in the making, and how
   *   far they are together, from 0 to 1.
   */
  constructor(section, onProgress = () => {}) {
    this.section = section;
    this.wall = section.querySelector("[data-wall]");
    this.onProgress = onProgress;
    document.addEventListener("submit", (event) => this.#submit(event));
    this.#report();
  }

  /** The elements of all pictures in the making. */
  get making() {
    return [...document.querySelectorAll(`[data-picture]:is(${MAKING})`)];
  }

  /**
   * Request pictures, and add them to the wall. A failure is shown to the person.
   * @param {string} url
   * @param {object|FormData} fields
   * @returns {Promise<boolean>} Whether the request was accepted.
   */
  async request(url, fields) {
    notice("");
    const unseen = this.#unseen;
    const response = await post(url, fields, fields instanceof FormData ? UPLOAD_TIMEOUT : undefined).catch(() => null);
    if (!response?.ok) {
      notice((await sentenceOf(response)) || word(failure(fields, response)));
      return false;
    }
    const added = this.#add(parse(await response.text()));
    if (this.#unseen !== unseen) for (const picture of added) this.refresh(picture);
    announce(word("asked"));
    return true;
  }

  /** Show the progress in a `picture` message; fetch the picture again when it has ended or begun anew. */
  apply({ id, status, done, of }) {
    const picture = document.getElementById(`p-${id}`);
    // It may be on its way here, as it was before this message.
    if (!picture) return void (this.#unseen += 1);
    if ((status !== "waiting" && status !== "drawing") || !picture.matches(`:is(${MAKING})`)) return this.refresh(picture);
    this.#progress.set(id, of ? done / of : 0);
    picture.dataset.status = status;
    if (of) showProgress(picture, done, of);
    this.#report();
  }

  /** Fetch all pictures in the making again, as messages about them may have been missed. */
  refreshAll() {
    this.#unseen += 1;
    for (const picture of this.making) this.refresh(picture);
  }

  /** Fetch a picture again, and show it where its status has changed. An answer is stale after that of a later request. */
  async refresh({ id, dataset: { address } }) {
    const turn = (this.#fetches += 1);
    const card = document.getElementById(id)?.matches(".picture-card") ? "?card=1" : "";
    const found = await fragment(`${address}${card}`);
    const fresh = found?.querySelector("[data-picture]");
    // Another answer may have replaced it meanwhile.
    const picture = document.getElementById(id);
    if (!fresh || !picture || turn < (this.#applied.get(id) ?? 0)) return;
    this.#applied.set(id, turn);
    if (fresh.dataset.status === picture.dataset.status) return;
    const over = fresh.dataset.status === "done" && picture.dataset.status !== "done";
    picture.replaceWith(fresh);
    this.#progress.delete(fresh.dataset.picture);
    if (over) announce(word("ready"));
    else if (!fresh.matches(MAKING)) announce(fresh.querySelector(".picture-state")?.textContent.trim() ?? "");
    this.#report();
  }

  /** Stop all pictures in the making. */
  stopAll() {
    for (const picture of this.making) picture.querySelector("[data-stop]")?.requestSubmit();
  }

  /** Put pictures on the wall; returns those in the making. */
  #add(found) {
    const first = found.firstElementChild;
    const added = [...found.querySelectorAll(`[data-picture]:is(${MAKING})`)];
    this.section.hidden = false;
    this.wall.prepend(found);
    this.#report();
    first.scrollIntoView({ block: "nearest", behavior: calm.matches ? "auto" : "smooth" });
    return added;
  }

  #report() {
    const making = this.making;
    const done = making.reduce((sum, { dataset }) => sum + (this.#progress.get(dataset.picture) ?? 0), 0);
    this.onProgress({ making: making.length, done: making.length ? done / making.length : 1 });
    if (making.length) this.#saying ??= setInterval(() => this.#sayProgress(), SAY_EVERY);
    else this.#saying = clearInterval(this.#saying) ?? null;
  }

  /** Say how far all pictures in the making are together: seldom, as each step would be too much to hear. */
  #sayProgress() {
    const making = this.making;
    const done = making.reduce((sum, { dataset }) => sum + (this.#progress.get(dataset.picture) ?? 0), 0) / making.length;
    const share = new Intl.NumberFormat(document.documentElement.lang || undefined, { style: "percent" }).format(done);
    if (done) announce(`${word("drawing")}: ${share}`);
    else if (making.length) announce(making[0].querySelector("[data-state]").textContent);
  }

  #submit(event) {
    const form = event.target;
    if (!form.matches("[data-makes], [data-stop], [data-again], [data-remove]")) return;
    event.preventDefault();
    form.closest("[popover]")?.hidePopover();
    const fields = new URLSearchParams(new FormData(form, event.submitter));
    if (form.matches("[data-makes]")) this.request(form.action, fields);
    else this.#change(form, fields);
  }

  async #change(form, fields) {
    const { id } = form.closest("[data-picture]");
    const response = await post(form.action, fields).catch(() => null);
    const picture = document.getElementById(id);
    if (!response?.ok) notice((await sentenceOf(response)) || word("failed"));
    else if (form.matches("[data-remove]")) picture?.remove();
    else if (picture) await this.refresh(picture);
  }
}

/** The name of a sentence for a request whose answer has none: it came from a server between us, or did not come. */
function failure(fields, response) {
  if (!(fields instanceof FormData)) return "failed";
  return response?.status === 413 ? "upload-proxy" : "upload-cut";
}

/** Fill the band of a picture according to its progress. */
function showProgress(picture, done, of) {
  const band = picture.querySelector(".band");
  const bar = picture.querySelector("progress");
  if (!band || !bar) return;
  band.classList.remove("band-busy");
  band.dataset.filled = Math.round((5 * done) / of);
  bar.max = of;
  bar.value = done;
  picture.querySelector("[data-state]").textContent = `${word("drawing")} ${done}/${of}`;
}
