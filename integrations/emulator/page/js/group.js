// A WhatsApp group as one of its people sees it, and the sheets about it.

import { icon, make } from "./elements.js";

const LINK = /^(?:https?:\/\/)?chat\.whatsapp\.com\/(\w+)/i;
const COLORS = 6;
const PEOPLE = 8;

/** @returns {boolean} Whether an address is an invite link. */
export function isInvite(address) {
  return LINK.test(address);
}

/** @returns {object|undefined} The group that an invite link leads to. */
export function behind(groups, link) {
  const code = link.trim().match(LINK)?.[1];
  return code && [...groups].find((group) => group.link.endsWith(`/${code}`));
}

/** @returns {object|null} A message as this person has it: `by` is "other" for who else wrote it; null when it never reached them. */
export function asSeenBy(person, bubble) {
  if (bubble.author === person) {
    const others = Object.values(bubble.receipts);
    const read = others.length > 0 && others.every((reached) => reached === "read");
    return { ...bubble, status: read && bubble.status === "delivered" ? "read" : bubble.status };
  }
  if (!(person in bubble.receipts)) return null;
  return bubble.by === "person" ? { ...bubble, by: "other" } : bubble;
}

/** @returns {Array<object>} What this person has of a group, oldest first. */
export function seenBy(person, group) {
  return [...group.bubbles.values()].map((bubble) => asSeenBy(person, bubble)).filter(Boolean);
}

/** @returns {number} How much of it they have not looked at. */
export function unreadIn(person, group) {
  return [...group.bubbles.values()].filter((bubble) => bubble.by !== "app" && ["sent", "delivered"].includes(bubble.receipts[person])).length;
}

/** @returns {boolean} Whether the group stands in this person's list of chats. */
export function isKnownTo(person, { members, left, removed }) {
  return [members, left, removed].some((list) => list.includes(person));
}

/** @returns {number} The quiet colour of a person, the same in all groups; the assistant's is 0. */
export function colorOf(people, person) {
  return 1 + ([...people.keys()].indexOf(person) % (COLORS - 1));
}

/** @returns {HTMLElement} The picture of a group, or what stands for one. */
export function face(group) {
  return make("span.avatar", { "aria-hidden": "true" }, group.picture ? make("img", { src: group.picture, alt: "" }) : icon("people"));
}

/** @returns {HTMLElement} What a person in a group is called, in their colour. */
export function authorLine(name, color) {
  return make(`p.author.author-${color}`, { dir: "auto" }, name);
}

/** @returns {Array<HTMLElement>} The sheet behind an invite link. */
export function invitation(group, person, people, { join, takeBack, open }) {
  const button = (words, act) => make("button.main", { type: "button", on: { click: act } }, words);
  const asked = group.requests.some((one) => one.person_id === person);
  const full = group.members.length >= PEOPLE;
  const can = group.members.includes(person) ? button("Open the group", open)
    : group.removed.includes(person) ? make("p.soft", {}, "You cannot join this group because you were removed from it.")
      : asked ? button("Take back your request", takeBack)
        : full && !group.approval ? make("p.soft", {}, "This group is full.")
          : button(group.approval ? "Ask to join" : "Join the group", join);
  return [
    make("p.soft", {}, `Group · ${group.members.length} of ${PEOPLE} people`),
    group.description && make("p.group-words", { dir: "auto" }, group.description),
    asked && make("p.soft", {}, "You have asked to join. It is for the assistant to let you in."),
    list(group.members, people),
    can,
  ].filter(Boolean);
}

/** @returns {Array<HTMLElement>} The sheet about a group. */
export function particulars(group, person, people, botName, acts) {
  const row = (name, words, act) => make("li", {}, make("button.sheet-row", { type: "button", on: { click: act } }, icon(name), words));
  const inside = group.members.includes(person);
  return [
    group.description && make("p.group-words", { dir: "auto" }, group.description),
    list(inside ? group.members : [], people, botName, person),
    inside && make("p.soft.ids", {}, group.link),
    make("ul.sheet-list", {}, ...[
      inside && row("copy", "Copy the invite link", () => acts.copy(group.link)),
      inside && row("list", "Send a poll, which the API does not carry", acts.poll),
      row("traffic", "Traffic", acts.traffic),
      row("close", group.suspended ? "WhatsApp clears this group" : "WhatsApp suspends this group", acts.suspend),
      inside && row("erase", "Leave the group", acts.leave),
    ].filter(Boolean)),
  ].filter(Boolean);
}

function list(members, people, botName = "", self = "") {
  const one = (name, color, words) => make("li.group-person", {}, make(`strong.author-${color}`, { dir: "auto" }, name), words && make("span.soft", {}, words));
  const rows = members.map((id) => one(people.get(id)?.name ?? "Somebody", colorOf(people, id), id === self && "You"));
  if (botName) rows.push(one(botName, 0, "Made this group"));
  return rows.length > 0 && make("ul.group-people", { "aria-label": "Who is in it" }, ...rows);
}
