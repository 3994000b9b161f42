// The messages on the page, and what the server's frames change in them.

import { fragment, parse } from "../shared/http.js";

export class Thread {
  constructor(element, place) {
    this.element = element;
    this.place = place;
    this.element.addEventListener("click", (event) => {
      const link = event.target.closest(".earlier a");
      if (!link || event.metaKey || event.ctrlKey) return;
      event.preventDefault();
      this.#loadEarlier(link);
    });
  }

  /** The article whose answer is being made, by `run` or any. */
  running(run) {
    return this.element.querySelector(run ? `[data-run="${run}"]` : "[data-run]");
  }

  number(article) {
    return Number(article.dataset.number ?? 0);
  }

  /** Put messages at the end, each once, before those still on their way. */
  append(html, removed = []) {
    for (const id of removed) document.getElementById(`m-${id}`)?.remove();
    const pending = this.element.querySelector(".pending");
    for (const article of parse(html).querySelectorAll("article")) {
      const there = document.getElementById(article.id);
      if (!there) this.element.insertBefore(article, pending);
      else if (!isAsGood(there, article)) there.replaceWith(article);
    }
  }

  setBlocks(article, blocks) {
    const prose = article.querySelector(".prose");
    for (const [index, html] of blocks) {
      while (prose.children.length <= index) prose.append(emptyBlock(prose.children.length));
      prose.children[index].innerHTML = html;
    }
  }

  /** Add plain text where the words of a block end, as web/markdown/stream.py says; false without that block. */
  appendText(article, index, text) {
    let end = article.querySelector(".prose").children[index];
    if (!end) return false;
    while (end.lastChild instanceof Element) end = end.lastChild;
    end.append(text);
    return true;
  }

  finish(article, { blocks, pictures, footer }) {
    this.setBlocks(article, blocks);
    article.querySelector(".message-pictures").innerHTML = pictures;
    article.querySelector(".message-footer").innerHTML = footer;
    delete article.dataset.run;
    delete article.dataset.number;
    article.removeAttribute("aria-busy");
  }

  /** Fetch the last messages again and show what changed; false when the server was not reached. */
  async refresh() {
    const found = await fragment(this.element.dataset.messages);
    if (!found) return false;
    this.place.keep(() => this.#reconcile(found));
    return true;
  }

  /** Take over the last page of messages: what is on the page before it stays, what is the same keeps its place. */
  #reconcile(found) {
    const fresh = [...found.querySelectorAll("article")];
    const shown = [...this.element.children].filter((child) => !child.classList.contains("pending"));
    const start = fresh.length ? shown.findIndex((child) => child.id === fresh[0].id) : -1;
    const earlier = found.querySelector(".earlier");
    if (start >= 0 && earlier) earlier.remove();
    const stale = start < 0 || !earlier ? shown : shown.slice(start);
    for (const article of fresh) {
      const there = stale.find((child) => child.id === article.id);
      if (there && isAsGood(there, article)) article.replaceWith(there);
    }
    for (const child of stale) if (child.parentNode === this.element) child.remove();
    this.element.insertBefore(found, this.element.querySelector(".pending"));
  }

  async #loadEarlier(link) {
    link.setAttribute("aria-disabled", "true");
    const found = await fragment(link.href);
    if (!found) return link.removeAttribute("aria-disabled");
    this.place.keep(() => {
      link.closest(".earlier").remove();
      this.element.prepend(found);
    });
  }
}

/** Whether the message on the page is to stay: it is the same, is further on, or somebody is writing in it. */
function isAsGood(there, article) {
  const further = there.dataset.run && there.dataset.run === article.dataset.run
    && Number(there.dataset.number) >= Number(article.dataset.number);
  return further || there.isEqualNode(article) || there.querySelector("form") !== null;
}

function emptyBlock(index) {
  const block = document.createElement("div");
  block.className = "block";
  block.dataset.block = index;
  return block;
}
