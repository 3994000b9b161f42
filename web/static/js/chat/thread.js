// The thread: the messages on the page, and how messages of the socket change them.

import { fragment, parse } from "../shared/http.js";
import { notice, word } from "../shared/words.js";
import { finishReasoning } from "./reasoning.js";

const TIMEOUT = 15_000;

export class Thread {
  #abort = new AbortController();
  #newest = Promise.resolve(false);
  #changed = false;

  /**
   * @param {HTMLElement} element
   * @param {Autoscroll} autoscroll
   */
  constructor(element, autoscroll) {
    this.element = element;
    this.autoscroll = autoscroll;
    this.element.addEventListener("click", (event) => {
      const link = event.target.closest(".earlier a, .later a");
      if (!link || event.metaKey || event.ctrlKey) return;
      event.preventDefault();
      if (link.closest(".later")) this.#loadLater(link);
      else this.#loadEarlier(link);
    });
    // What a refresh asked for before is stale.
    this.element.addEventListener("edited", () => (this.#changed = true));
    // What opens is read from its start: the page does not follow the end then.
    this.element.addEventListener("click", (event) => event.target.closest("summary") && autoscroll.release());
  }

  /** The article of the run `run` if it is being answered, or of any such run. */
  running(run) {
    return this.element.querySelector(run ? `[data-run="${run}"]` : "[data-run]");
  }

  /** The number of the last event that an article shows. */
  number(article) {
    return Number(article.dataset.number ?? 0);
  }

  /** Show a turn from HTML, each of its messages once, before the pending ones; those after position `after` go. */
  append(html, after = Infinity) {
    this.#changed = true;
    const fresh = [...parse(html).querySelectorAll("article")];
    const pending = this.element.querySelector(".pending");
    this.keepFocus(() => {
      for (const article of this.element.querySelectorAll("[data-position]")) {
        if (article.dataset.position > after && !fresh.some((one) => one.id === article.id)) article.remove();
      }
      for (const article of fresh) {
        const there = document.getElementById(article.id);
        if (!there) this.element.insertBefore(article, pending);
        else if (!isLater(there, article) && !there.isEqualNode(article)) there.replaceWith(article);
      }
    });
  }

  /** Replace blocks of an answer: a list of `[index, html]`. */
  setBlocks(article, blocks) {
    const prose = article.querySelector(".prose");
    for (const [index, html] of blocks) {
      while (prose.children.length <= index) prose.append(emptyBlock(prose.children.length));
      prose.children[index].replaceChildren(parse(html));
    }
  }

  /** Append plain text at the innermost end of a block, see web/markdown/stream.py. Returns false without that block. */
  appendText(article, index, text) {
    let end = article.querySelector(".prose").children[index];
    if (!end) return false;
    while (end.lastChild instanceof Element) end = end.lastChild;
    // One text node, as the server renders it: the message stays equal to itself when the thread is fetched again.
    if (end.lastChild) end.lastChild.appendData(text);
    else end.append(text);
    return true;
  }

  /** Show the end of an answer. */
  finish(article, { reasoning, blocks, sources, pictures, footer }) {
    this.#changed = true;
    this.keepFocus(() => {
      finishReasoning(article, reasoning);
      this.setBlocks(article, blocks);
      article.querySelector(".message-sources").replaceChildren(parse(sources));
      article.querySelector(".message-pictures").replaceChildren(parse(pictures));
      article.querySelector(".message-footer").replaceChildren(parse(footer));
    });
    delete article.dataset.run;
    delete article.dataset.number;
    article.removeAttribute("aria-busy");
  }

  /** Show what one could say after the message `answer`. */
  suggest(answer, html) {
    this.#changed = true;
    if (!document.getElementById(`f-${answer}`)) document.getElementById(`m-${answer}`)?.after(parse(html));
  }

  /** Whether newer messages than the last shown wait on the server: then a search has led here. */
  get isOlderPart() {
    return this.element.querySelector(".later") !== null;
  }

  /** Show the last page of messages in place of an older part. */
  showNewest() {
    location.assign(location.pathname);
  }

  /** Show the messages around `id` as they are now, in place of an older part. */
  showAround(id) {
    location.assign(`${location.pathname}?message=${id}#m-${id}`);
    return true;
  }

  /**
   * Fetch the last page of messages and show what changed. A newer call aborts an older one.
   * @returns {Promise<boolean>} False when the request fails; of an older call what becomes of the newest.
   */
  refresh() {
    if (this.isOlderPart) return Promise.resolve(true);
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#newest = this.#load(this.#abort.signal);
    return this.#newest;
  }

  async #load(abort) {
    let found;
    do {
      // What the page shows meanwhile may be newer than what was asked for: then it is asked for once more.
      this.#changed = false;
      found = await fragment(this.element.dataset.messages, AbortSignal.any([abort, AbortSignal.timeout(TIMEOUT)]));
      if (abort.aborted) return this.#newest;
    } while (found && this.#changed);
    if (!found) return false;
    this.autoscroll.preserve(() => this.keepFocus(() => this.#reconcile(found)));
    return true;
  }

  /** Run `change`. Focus within what it removes goes to the same line, message or vote, or else to the last message. */
  keepFocus(change) {
    const focused = document.activeElement;
    const id = focused?.closest("article, .poll")?.id;
    const within = this.element.contains(focused);
    const inThoughts = focused?.matches(".reasoning summary");
    change();
    if (!within || focused.isConnected || document.activeElement !== document.body) return;
    const article = document.getElementById(id) ?? [...this.element.querySelectorAll(".message")].at(-1);
    const same = inThoughts && article?.querySelector(".reasoning summary");
    if (same) same.focus({ preventScroll: true });
    if (same || !article) return;
    article.setAttribute("tabindex", "-1");
    article.addEventListener("blur", () => article.removeAttribute("tabindex"), { once: true });
    article.focus({ preventScroll: true });
  }

  /**
   * Reconcile with the last page of messages: earlier ones stay, and so do equal ones. They are not even moved: what is
   * taken out of the page for a moment loses its selection and its focus.
   */
  #reconcile(found) {
    const shown = [...this.element.children].filter((child) => !child.classList.contains("pending"));
    const first = found.querySelector("article")?.id;
    const start = first ? shown.findIndex((child) => child.id === first) : -1;
    const earlier = found.querySelector(".earlier");
    if (start >= 0) earlier?.remove();
    const stale = start < 0 || !earlier ? shown : shown.slice(start);
    const fresh = [...found.children].map((child) => stale.find((one) => isCurrent(one, child)) ?? child);
    for (const child of stale) if (!fresh.includes(child)) child.remove();
    let next = stale.find((child) => child.isConnected) ?? this.element.querySelector(".pending");
    for (const child of fresh) {
      if (child === next) next = child.nextElementSibling;
      else this.element.insertBefore(child, next);
    }
  }

  /** Load all earlier messages, and the later ones of an older part. Returns false when a request fails. */
  async loadAll() {
    const find = (where) => this.element.querySelector(`.${where} a`);
    for (let link = find("earlier"); link; link = find("earlier")) if (!(await this.#loadEarlier(link))) return false;
    for (let link = find("later"); link; link = find("later")) if (!(await this.#loadLater(link))) return false;
    return true;
  }

  async #loadEarlier(link) {
    link.setAttribute("aria-disabled", "true");
    const found = await fragment(link.href);
    if (!found) {
      link.removeAttribute("aria-disabled");
      notice(word("failed"));
    }
    if (!found || !link.isConnected) return false;
    this.autoscroll.preserve(() => {
      link.closest(".earlier")?.remove();
      this.element.prepend(found);
    });
    return true;
  }

  async #loadLater(link) {
    link.setAttribute("aria-disabled", "true");
    const found = await fragment(link.href);
    if (!found) {
      link.removeAttribute("aria-disabled");
      notice(word("failed"));
    }
    if (!found || !link.isConnected) return false;
    this.autoscroll.hold();
    const first = link === document.activeElement && found.querySelector("article");
    link.closest(".later").replaceWith(found);
    if (!first) return true;
    first.tabIndex = -1;
    first.focus({ preventScroll: true });
    return true;
  }
}

/** Whether the message on the page stays in place of `article`: it is the same one, and it is equal, shows later events, or is being edited. */
function isCurrent(there, article) {
  if (!article.id || there.id !== article.id) return false;
  keepOpen(there, article);
  return isLater(there, article) || there.isEqualNode(article) || there.querySelector("form") !== null;
}

/** Open in a message that was fetched again what is open on the page: reasoning, sources, and folded parts of the text. */
function keepOpen(there, article) {
  const shown = there.querySelectorAll("details");
  for (const [index, details] of article.querySelectorAll("details").entries()) details.open = shown[index]?.open ?? details.open;
}

function isLater(there, article) {
  return there.dataset.run && there.dataset.run === article.dataset.run
    && Number(there.dataset.number) >= Number(article.dataset.number);
}

function emptyBlock(index) {
  const block = document.createElement("div");
  block.className = "block";
  block.dir = "auto";
  block.dataset.block = index;
  return block;
}
