// The thread: the messages on the page, and how messages of the socket change them.

import { fragment, parse } from "../shared/http.js";
import { finishReasoning, keepOpen } from "./reasoning.js";

export class Thread {
  /**
   * @param {HTMLElement} element
   * @param {Autoscroll} autoscroll
   */
  constructor(element, autoscroll) {
    this.element = element;
    this.autoscroll = autoscroll;
    this.element.addEventListener("click", (event) => {
      const link = event.target.closest(".earlier a");
      if (!link || event.metaKey || event.ctrlKey) return;
      event.preventDefault();
      this.#loadEarlier(link);
    });
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

  /** Append messages from HTML, each once, before the pending ones; those whose ids are in `removed` go first. */
  append(html, removed = []) {
    for (const id of removed) document.getElementById(`m-${id}`)?.remove();
    const pending = this.element.querySelector(".pending");
    for (const article of parse(html).querySelectorAll("article")) {
      const there = document.getElementById(article.id);
      if (!there) this.element.insertBefore(article, pending);
      else if (!isCurrent(there, article)) there.replaceWith(article);
    }
  }

  /** Replace blocks of an answer: a list of `[index, html]`. */
  setBlocks(article, blocks) {
    const prose = article.querySelector(".prose");
    for (const [index, html] of blocks) {
      while (prose.children.length <= index) prose.append(emptyBlock(prose.children.length));
      prose.children[index].innerHTML = html;
    }
  }

  /** Append plain text at the innermost end of a block, see web/markdown/stream.py. Returns false without that block. */
  appendText(article, index, text) {
    let end = article.querySelector(".prose").children[index];
    if (!end) return false;
    while (end.lastChild instanceof Element) end = end.lastChild;
    end.append(text);
    return true;
  }

  /** Show the end of an answer. */
  finish(article, { reasoning, blocks, pictures, footer }) {
    finishReasoning(article, reasoning);
    this.setBlocks(article, blocks);
    article.querySelector(".message-pictures").innerHTML = pictures;
    article.querySelector(".message-footer").innerHTML = footer;
    delete article.dataset.run;
    delete article.dataset.number;
    article.removeAttribute("aria-busy");
  }

  /** Fetch the last page of messages and show what changed. Returns false when the request fails. */
  async refresh() {
    const found = await fragment(this.element.dataset.messages);
    if (!found) return false;
    this.autoscroll.preserve(() => this.#reconcile(found));
    return true;
  }

  /** Reconcile with the last page of messages: earlier ones stay, equal ones keep their elements. */
  #reconcile(found) {
    const fresh = [...found.querySelectorAll("article")];
    const shown = [...this.element.children].filter((child) => !child.classList.contains("pending"));
    const start = fresh.length ? shown.findIndex((child) => child.id === fresh[0].id) : -1;
    const earlier = found.querySelector(".earlier");
    if (start >= 0 && earlier) earlier.remove();
    const stale = start < 0 || !earlier ? shown : shown.slice(start);
    for (const article of fresh) {
      const there = stale.find((child) => child.id === article.id);
      if (there && isCurrent(there, article)) article.replaceWith(there);
    }
    for (const child of stale) if (child.parentNode === this.element) child.remove();
    this.element.insertBefore(found, this.element.querySelector(".pending"));
  }

  /** Load all earlier messages. Returns false when a request fails. */
  async loadAll() {
    for (let link = this.#earlier(); link; link = this.#earlier()) if (!(await this.#loadEarlier(link))) return false;
    return true;
  }

  #earlier() {
    return this.element.querySelector(".earlier a");
  }

  async #loadEarlier(link) {
    link.setAttribute("aria-disabled", "true");
    const found = await fragment(link.href);
    if (!found) {
      link.removeAttribute("aria-disabled");
      return false;
    }
    this.autoscroll.preserve(() => {
      link.closest(".earlier")?.remove();
      this.element.prepend(found);
    });
    return true;
  }
}

/** Whether the message on the page stays: it is equal, shows later events, or is being edited. */
function isCurrent(there, article) {
  const later = there.dataset.run && there.dataset.run === article.dataset.run
    && Number(there.dataset.number) >= Number(article.dataset.number);
  keepOpen(there, article);
  return later || there.isEqualNode(article) || there.querySelector("form") !== null;
}

function emptyBlock(index) {
  const block = document.createElement("div");
  block.className = "block";
  block.dir = "auto";
  block.dataset.block = index;
  return block;
}
