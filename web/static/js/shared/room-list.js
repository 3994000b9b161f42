// The list of rooms in the side bar.

import { word } from "./words.js";

/** Mark a room in which something unread is. */
export function markUnread(room) {
  const link = document.querySelector(`.rooms [data-room="${room}"]`);
  if (!link || link.matches("[aria-current]") || link.querySelector(".room-unread")) return;
  const words = Object.assign(document.createElement("span"), { className: "sr-only", textContent: word("unread") });
  const mark = Object.assign(document.createElement("span"), { className: "room-unread" });
  mark.append(words);
  link.append(mark);
}
