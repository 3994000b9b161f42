// What stands on the page as plain text: lists, tables and code keep their shape, formulas are TeX, our additions go.

/** What the page adds to the words of a message. */
export const ADDED = "button, form, template, figcaption, .code-issues, .code-folded > summary, .link-host, .speaker, .message-footer, .earlier, .later, .reasoning:not([open])";
const PARAGRAPHS = "p, h1, h2, h3, h4, h5, h6, blockquote, figure, article, .block, .formula, .table";

/** A formula as TeX between dollars: `element` is a `<math>`, or the code that stands for one that was not understood. */
export function tex(element) {
  const source = element.querySelector("annotation[encoding='application/x-tex']") ?? element;
  const block = element.getAttribute("display") === "block" || element.parentNode?.matches?.("div.formula");
  const marks = block ? "$$" : "$";
  return marks + source.textContent.trim() + marks;
}

/** The number before an item of an `<ol>`. */
export function number(item) {
  if (item.hasAttribute("value")) return item.value;
  const before = item.previousElementSibling;
  return before ? number(before) + 1 : item.parentNode.start;
}

/**
 * @param {Node} root
 * @param {boolean} links Whether addresses are written out after links whose words differ from them.
 */
export function textOf(root, links = false) {
  const out = new Lines(links);
  out.children(root);
  return out.text;
}

class Lines {
  text = "";
  #gap = 0;

  constructor(links) {
    this.links = links;
  }

  children(node) {
    for (const child of node.childNodes) this.#node(child);
  }

  /** At least `gap` line ends before what follows. */
  #end(gap) {
    if (this.text) this.#gap = Math.max(this.#gap, gap);
  }

  #add(text) {
    if (!text) return;
    if (this.#gap) this.text = this.text.replace(/ $/, "") + "\n".repeat(this.#gap);
    this.#gap = 0;
    this.text += text;
  }

  #paragraph(text, gap = 2) {
    this.#end(gap);
    this.#add(text);
    this.#end(gap);
  }

  #node(node) {
    if (isSpaceBeforeHost(node)) return;
    if (node instanceof Text) this.#words(node.data.replace(/[ \t\n\r\f]+/g, " "));
    else if (node instanceof Element && !node.matches(ADDED) && !node.hidden) this.#element(node);
  }

  #words(text) {
    const atStart = !this.text || this.#gap || /[ \n]$/.test(this.text);
    this.#add(atStart ? text.replace(/^ /, "") : text);
  }

  #element(element) {
    if (element.matches("math, code.formula")) this.#add(tex(element));
    else if (element.matches("pre, .plain, .thoughts")) this.#paragraph(element.textContent.replace(/\n$/, ""));
    else if (element.matches("br")) this.#add("\n");
    else if (element.matches("hr")) this.#paragraph("———");
    else if (element.matches("ul, ol")) this.#list(element);
    else if (element.matches("table")) this.#table(element);
    else if (element.matches(".cite")) this.#add(`[${element.textContent}]`);
    else if (element.matches("a")) this.#link(element);
    else if (element.matches(PARAGRAPHS)) this.#around(element, 2);
    else this.#around(element, element.matches("div, li, tr") ? 1 : 0);
  }

  #around(element, gap) {
    this.#end(gap);
    this.children(element);
    this.#end(gap);
  }

  #list(list) {
    const gap = list.querySelector(":scope > li > p") ? 2 : 1;
    this.#end(list.parentNode?.matches?.("li") ? 1 : 2);
    for (const item of list.querySelectorAll(":scope > li")) {
      const mark = list.matches("ol") ? `${number(item)}. ` : "- ";
      this.#paragraph(mark + textOf(item, this.links).replaceAll(/\n(?!\n)/g, `\n${" ".repeat(mark.length)}`), gap);
    }
    this.#end(list.parentNode?.matches?.("li") ? 1 : 2);
  }

  #table(table) {
    this.#end(2);
    for (const row of table.querySelectorAll("tr")) {
      const cells = [...row.children].map((cell) => textOf(cell, this.links).replaceAll(/\s*\n\s*/g, " "));
      this.#paragraph(cells.join("\t"), 1);
    }
    this.#end(2);
  }

  #link(link) {
    this.children(link);
    // A link that asks first leads to a page of ours.
    const address = link.dataset.to ?? link.getAttribute("href") ?? "";
    if (this.links && address && !isShown(link.textContent, address)) this.#add(` (${address.replace(/^mailto:/, "")})`);
  }
}

/** Whether `node` is the space between a link and the host that the page shows after it. */
export function isSpaceBeforeHost(node) {
  return node instanceof Text && node.data === " " && Boolean(node.nextSibling?.matches?.(".link-host"));
}

/** Whether the words of a link are its address. */
export function isShown(words, address) {
  return bare(words) === bare(address);
}

function bare(address) {
  const short = address.trim().replace(/^(?:mailto:|https?:\/\/)/i, "").replace(/^www\./i, "").replace(/\/$/, "");
  try {
    return decodeURI(short);
  } catch {
    return short;
  }
}
