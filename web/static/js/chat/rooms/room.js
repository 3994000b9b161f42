// The page of a room: connects the socket, what happened, and the composer.

import "../copy.js";
import { Composer } from "../../shared/composer.js";
import { ConnectionNotice } from "../../shared/connection-notice.js";
import { refreshList, showTitle } from "../../shared/conversation-list.js";
import { post, sentenceOf } from "../../shared/http.js";
import { markUnread } from "../../shared/room-list.js";
import { Socket } from "../../shared/socket.js";
import { announce, notice, piece, word } from "../../shared/words.js";
import { Tray, openFilesOf } from "../attachments.js";
import { Autoscroll } from "../autoscroll.js";
import { listCommands, previewCommands } from "../command.js";
import { Dictation } from "../dictation.js";
import { keepClear } from "../dock.js";
import { Following } from "../following.js";
import { Pending } from "../pending.js";
import { searchSwitch } from "../search-switch.js";
import { Thread } from "../thread.js";
import { Away } from "./away.js";
import { Days } from "./days.js";
import { Together } from "./drawing.js";
import { Edit } from "./edit.js";
import { Mentions } from "./mentions.js";
import { Reply } from "./reply.js";
import { closeSheet, openSheet, refreshSheet } from "./sheet.js";
import { sentenceFor, speakerOf } from "./spoken.js";
import { Timeline } from "./timeline.js";
import { Typing } from "./typing.js";
import { Voice } from "./voice.js";

const READ_AFTER = 800;

const element = document.getElementById("thread");
const { room, me } = element.dataset;
const autoscroll = new Autoscroll(element, document.getElementById("end"), document.querySelector(".jump"));
const thread = new Thread(element, autoscroll);
const timeline = new Timeline(thread, autoscroll, (article) => {
  following.end();
  announceEnd(article);
});
const composer = new Composer(document.getElementById("composer"), send);
const tray = new Tray(composer.form, { name: room, onChange: (some) => { composer.attached = some; } });
const search = searchSwitch(composer.form);
const socket = new Socket(element.dataset.socket, { onMessage: handle, onOpen: opened, onClose: closed });
const following = new Following(thread, socket, (behind, article) => {
  if (behind) article.dataset.stale = "";
  announceEnd(article);
});
const pending = new Pending(element, {
  send: ({ files = [], ...entry }) => socket.send({ type: "say", ...entry, attachments: files.map((file) => file.id) }),
  onPosted(sentence) {
    if (!sentence) return location.reload();
    notice(sentence);
    // Perhaps it was the command that leaves.
    return look();
  },
  onTakeBack(text, files) {
    composer.put(text);
    tray.put(files);
  },
});
const mentions = new Mentions(composer.form);
const typing = new Typing(composer.field, () => socket.send({ type: "typing" }));
const reply = new Reply(element, composer);
const voice = new Voice();
new Edit(element, reloadWithoutSocket);
const away = new Away(element);
const together = new Together(socket, me, autoscroll, (name, text) => voice.say(name, text));
const connection = new ConnectionNotice();
const timers = {};
// Whether the socket shows this room: who is taken out of it later is told so by "gone".
let inside = false;
// Own words wait, by their number, for the event that shows them.
const said = new Map();

new Days(element);
// What opens over the field covers nothing of the end.
new ResizeObserver(() => !autoscroll.place() && autoscroll.toEnd()).observe(document.querySelector(".dock"));
keepClear(document.querySelector(".dock"), element);

// On a touch screen what can be done with a message is shown for the one that was touched.
element.addEventListener("click", ({ target }) => {
  const chosen = target.closest(".message");
  if (!chosen || target.closest("a, button, summary, input")) return;
  const isChosen = "chosen" in chosen.dataset;
  for (const one of element.querySelectorAll("[data-chosen]")) delete one.dataset.chosen;
  chosen.toggleAttribute("data-chosen", !isChosen);
});

// Sending

function send(text) {
  notice("");
  if (tray.hold()) return false;
  pending.add(text, tray.take(), { search: search() }, reply.take());
  typing.sent();
  autoscroll.toEnd();
  return true;
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-option], [data-close], [data-react], [data-unsay], [data-stop-answer]");
  if (!button) return;
  event.preventDefault();
  closeMenus();
  if (button.matches("[data-unsay]")) askToUnsay(button);
  else act(button).catch(() => notice(word("failed")));
});

/** Close what offers reactions. */
function closeMenus(but = null) {
  for (const one of element.querySelectorAll(".react[open]")) one.open = one === but;
}

document.addEventListener("click", ({ target }) => closeMenus(target.closest(".react")));
element.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest(".react[open]");
  if (!menu) return;
  closeMenus();
  menu.querySelector("summary").focus();
});

/** What is taken back cannot be brought again. */
function askToUnsay(button) {
  const dialog = document.getElementById("unsay-dialog");
  dialog.returnValue = "";
  dialog.onclose = () => dialog.returnValue && act(button).catch(() => notice(word("failed")));
  dialog.showModal();
}

async function act(button) {
  const { option } = button.dataset;
  const { poll } = button.closest("[data-poll]")?.dataset ?? {};
  const { run } = button.closest("[data-run]")?.dataset ?? {};
  if (option && socket.send({ type: "vote", poll, option: Number(option) })) return;
  if (run && socket.send({ type: "stop", run })) return;
  const response = await post(button.formAction, button.name ? { [button.name]: button.value } : {});
  if (response.ok) return reloadWithoutSocket();
  notice((await sentenceOf(response)) || word("failed"));
  if (response.status === 404) look();
}

/** Show what was done by HTTP, of which no socket tells. */
function reloadWithoutSocket() {
  if (!socket.open) location.reload();
}

for (const link of document.querySelectorAll("[data-sheet-open]")) {
  link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    openSheet(link.href);
  });
}

// The connection

function opened() {
  connection.back();
  inside = false;
  socket.send({ type: "enter", room, after: timeline.last });
}

function closed() {
  connection.lost();
  // No event of the model is awaited now.
  following.end();
}

// Messages

function handle(message) {
  if (message instanceof ArrayBuffer) together.show(message);
  else if (!following.handle(message)) handlers[message.type]?.(message);
}

const handlers = {
  entered({ again }) {
    inside = true;
    if (again) return location.reload();
    following.watchAll();
    pending.resend();
    return read();
  },

  event(message) {
    const fresh = timeline.take(message);
    const id = said.get(message.number);
    if (id) pending.accepted(id);
    said.delete(message.number);
    typing.stopped(message.speaker);
    if (message.title) rename(message.title);
    if (message.host) timeline.host = message.host;
    if (fresh) shown(fresh, message);
    read();
  },

  said({ id, number, sentence }) {
    if (number > timeline.last) said.set(number, id);
    else pending.accepted(id);
    if (sentence) notice(sentence);
  },

  refused(message) {
    if (!pending.refused(message)) notice(message.sentence);
  },

  problem({ code, sentence }) {
    if (code !== "not_found") return notice(sentence);
    // Of one who is inside only something else is gone, such as an answer that was asked for anew.
    return inside || gone();
  },

  voted({ poll, option }) {
    timeline.mark(poll, option);
  },

  typing(message) {
    typing.show(message);
  },

  unread(message) {
    markUnread(message.room);
  },

  turn(message) {
    together.handle(message);
  },

  here(message) {
    const { names } = message;
    mentions.names = [element.dataset.assistant, ...names];
    document.querySelector("[data-count]").textContent = names.length;
    refreshSheet(message);
  },

  gone,
};

/** The room has another name. */
function rename(title) {
  showTitle(title);
  for (const place of document.querySelectorAll(".rooms [aria-current] .room-title")) place.textContent = title;
}

function announceEnd(article) {
  announce(article.querySelector(".trouble > span")?.textContent ?? word("finished"));
}

/** Something new stands at the end. */
function shown(fresh, { speaker }) {
  if ("run" in fresh.dataset) {
    following.watch(fresh);
    announce(word("answering"));
  } else if (speaker !== me) {
    voice.say(speakerOf(fresh), sentenceFor(fresh));
    if (document.hidden && fresh.matches(".message, .poll")) away.missed(fresh);
  }
}

/** Say how far it was read, while somebody looks. */
function read() {
  if (document.hidden) {
    clearTimeout(timers.read);
    timers.read = null;
    return;
  }
  // One that waits is not put off: in a lively room it would never go.
  timers.read ??= setTimeout(() => {
    timers.read = null;
    socket.send({ type: "read", number: timeline.last });
  }, READ_AFTER);
}

document.addEventListener("visibilitychange", read);
document.addEventListener("missing", look);

/** Ask the server whether one is still in the room. */
async function look() {
  const response = await fetch(element.dataset.messages, { headers: { "X-Fragment": "1" } }).catch(() => null);
  if (response?.status === 404) gone();
}

/** The person was removed or has left, or the room is erased. */
function gone() {
  if ("gone" in element.dataset) return;
  element.dataset.gone = "";
  following.end();
  connection.back();
  clearTimeout(timers.read);
  socket.end();
  closeSheet();
  typing.sent();
  together.handle({ speaker: null });
  for (const one of element.querySelectorAll(".pending")) one.remove();
  const card = piece("room-gone");
  card.role = "alert";
  const focused = [composer.form, element].some((one) => one.contains(document.activeElement));
  composer.form.replaceWith(card);
  if (focused) card.querySelector("a").focus({ preventScroll: true });
  document.getElementById("replying").hidden = true;
  refreshList();
}

mentions.names = [element.dataset.assistant];
openFilesOf(element, word("file-gone"));
new Dictation(composer, tray);
previewCommands(composer.form, together);
listCommands(composer.form);
document.getElementById("unread")?.scrollIntoView({ block: "center" });
if (location.hash === "#people") {
  history.replaceState(null, "", location.pathname);
  openSheet(element.dataset.sheet);
} else {
  composer.field.focus({ preventScroll: true });
}
