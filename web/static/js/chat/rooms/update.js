// A part of the page made as the server has it now, node by node, so that what did not change keeps its focus and its state.

// What the person or a script sets since: what is open, and a line that says what became of a click.
const KEPT_ATTRIBUTES = ["open"];
const BUTTONS = ":scope > button, :scope > form > button";
const KEPT = "[data-sheet-status], [name=csrfmiddlewaretoken]";

/**
 * Make `there` as `fresh` is. What is typed into a field stays, as it is no attribute.
 * @param {Element} there On the page.
 * @param {Element} fresh Detached; it is taken apart.
 */
export function update(there, fresh) {
  if (there.matches(KEPT)) return;
  copyAttributes(there, fresh);
  let next = there.firstChild;
  for (const child of [...fresh.childNodes]) {
    const same = findSame(next, child);
    if (!same) {
      there.insertBefore(child, next);
      continue;
    }
    while (next !== same) next = removed(next);
    if (same instanceof Element) update(same, child);
    else if (same.data !== child.data) same.data = child.data;
    next = same.nextSibling;
  }
  while (next) next = removed(next);
}

function removed(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

function copyAttributes(there, fresh) {
  for (const { name } of [...there.attributes]) {
    if (!fresh.hasAttribute(name) && !KEPT_ATTRIBUTES.includes(name)) there.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) if (there.getAttribute(name) !== value) there.setAttribute(name, value);
}

/** What shows the same as `child`, from `node` on. */
function findSame(node, child) {
  // For the space between two elements none of them is to go.
  if (!(child instanceof Element)) return node?.nodeName === child.nodeName ? node : null;
  for (let one = node; one; one = one.nextSibling) if (one.nodeName === child.nodeName && keyOf(one) === keyOf(child)) return one;
  return null;
}

/** What tells an element from others of its kind: its own name, or what its buttons do. */
function keyOf(node) {
  const { id, value, dataset } = node;
  if (id || dataset.member) return id || dataset.member;
  if (node.matches("button")) return value;
  if (node.matches("form, details")) return [...node.querySelectorAll(BUTTONS)].map((button) => button.value).join(" ");
  return node.getAttribute("aria-labelledby") ?? "";
}
