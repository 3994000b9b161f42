// The page of a conversation: connects the socket, the thread and the composer.

import "./copy.js";
import { Composer } from "../shared/composer.js";
import { ConnectionNotice } from "../shared/connection-notice.js";
import { refreshList, showTitle } from "../shared/conversation-list.js";
import { post } from "../shared/http.js";
import { markUnread } from "../shared/room-list.js";
import { Socket } from "../shared/socket.js";
import { draft } from "../shared/store.js";
import { announce, notice, word } from "../shared/words.js";
import { Actions } from "./actions.js";
import { Aloud } from "./aloud.js";
import { answerMenu } from "./answer-menu.js";
import { Tray, forgetSent, openFilesOf } from "./attachments.js";
import { Autoscroll } from "./autoscroll.js";
import { listCommands, previewCommands } from "./command.js";
import { Dictation } from "./dictation.js";
import { keepClear } from "./dock.js";
import { Following } from "./following.js";
import { showFound } from "./found.js";
import { Gone } from "./gone.js";
import { Pending } from "./pending.js";
import { Place } from "./place.js";
import { listenForPrint } from "./print.js";
import { searchSwitch } from "./search-switch.js";
import { copySelections } from "./selection.js";
import { Thread } from "./thread.js";
import { switchVersions } from "./versions.js";

const POLL_INTERVAL = 3_000;
const TITLE_POLLS = [2_500, 8_000, 20_000, 60_000];

const element = document.getElementById("thread");
const conversation = element.dataset.conversation;
const autoscroll = new Autoscroll(element, document.getElementById("end"), document.querySelector(".jump"));
const thread = new Thread(element, autoscroll);
const composer = new Composer(document.getElementById("composer"), send);
const tray = new Tray(composer.form, { name: conversation, onChange: (some) => { composer.attached = some; } });
const search = searchSwitch(composer.form);
/** How an answer is wished for now, by the switches of the composer. */
const wishes = () => ({ search: search(), harder: composer.form.elements.harder?.checked ?? false });
const temporary = "temporary" in element.dataset && import("./temporary.js");
const connection = new ConnectionNotice();
let connectedBefore = false;

const socket = new Socket(element.dataset.socket, { onMessage: handle, onOpen: opened, onClose: closed });
const following = new Following(thread, socket, (behind) => {
  if (behind) refresh();
  showState();
});
const actions = new Actions(element, (message) => socket.send({ ...message, ...wishes() }));
const gone = new Gone(element, composer, () => {
  connection.back();
  following.end();
  socket.end();
});
const pending = new Pending(element, {
  send: ({ files = [], ...entry }) => socket.send({ type: "send", conversation, ...entry, attachments: files.map((file) => file.id) }),
  onPosted: () => (thread.isOlderPart ? thread.showNewest() : refresh()),
  onTakeBack(text, files) {
    composer.put(text);
    tray.put(files);
  },
});

new Place(element, autoscroll);
keepClear(document.querySelector(".dock"), element);

// Sending

function send(text) {
  if (composer.answering) {
    notice(word("busy"));
    return false;
  }
  notice("");
  if (tray.hold()) return false;
  pending.add(text, tray.take(), wishes());
  autoscroll.toEnd();
  return true;
}

function stop() {
  const run = thread.running()?.dataset.run;
  if (run && !socket.send({ type: "stop", run })) {
    post(element.dataset.stop.replace(/0{8}(-0+)+/, run)).catch(() => notice(word("failed")));
  }
}

composer.stop.addEventListener("click", (event) => {
  event.preventDefault();
  stop();
  composer.field.focus();
});

element.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-say]");
  if (!chip) return;
  event.preventDefault();
  if (send(chip.value)) composer.field.focus({ preventScroll: true });
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing || event.keyCode === 229 || !composer.answering) return;
  if (event.defaultPrevented || event.target.closest?.("input, select, .edit")) return;
  if (!document.querySelector("dialog[open], :popover-open")) stop();
});

document.querySelector("[data-share-open]")?.addEventListener("click", (event) => {
  if (event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  const opener = event.currentTarget;
  import("./share.js").then(({ openPanel }) => openPanel(opener)).catch(() => location.assign(opener.href));
});

// The first number of a source that is looked at loads what explains all of them.
let sources = null;
for (const type of ["pointerover", "focusin", "click"]) {
  element.addEventListener(type, (event) => {
    const chip = event.target.closest?.(".cite");
    if (!chip || sources) return;
    if (event.pointerType === "touch" && type === "click") event.preventDefault();
    sources = import("./sources.js").then(({ explainSources }) => explainSources(element, chip), () => { sources = null; });
  });
}

// The connection

function opened() {
  connection.back();
  socket.send({ type: "open", conversation });
  follow();
  pending.resend();
}

function closed() {
  connection.lost();
  // No event of the model is awaited now.
  following.end();
}

/** Watch every run on the page that is being answered. */
function follow() {
  following.watchAll();
  showState();
}

async function refresh() {
  const done = await thread.refresh();
  if (done) follow();
  else gone.check();
  return done;
}

setInterval(() => {
  if (!socket.open && thread.running() && !document.hidden && !gone.shown) refresh();
}, POLL_INTERVAL);

// Messages

function handle(message) {
  if (!following.handle(message)) handlers[message.type]?.(message);
}

const handlers = {
  opened({ run, updated, newest }) {
    // What happened between the page and its socket was announced to nobody here.
    const last = [...element.querySelectorAll("[data-message]")].at(-1)?.dataset.message ?? null;
    const missed = connectedBefore || updated !== element.dataset.updated || newest !== last
      || Boolean(run) !== Boolean(thread.running()) || (run && !thread.running(run));
    connectedBefore = true;
    if (missed) refresh();
  },

  unread(message) {
    markUnread(message.room);
  },

  changed(message) {
    if (message.conversation !== conversation) return;
    refresh();
    // Perhaps another tab ended it: then this is answered by a problem.
    if (temporary) socket.send({ type: "open", conversation });
  },

  accepted({ id, run, html, after }) {
    if (pending.accepted(id)) autoscroll.toEnd();
    if (thread.isOlderPart) return thread.showNewest();
    thread.append(html, after);
    showState();
    // The socket watches it already.
    const article = thread.running(run);
    if (article) following.hintWhenSlow(article);
  },

  refused(message) {
    if (message.code === "not_found") gone.check();
    if (!pending.refused(message)) actions.refused(message);
  },

  problem({ code, sentence }) {
    if (code === "not_found" && temporary) return temporary.then(({ showGone }) => showGone());
    notice(sentence);
    if (code === "not_found") gone.check();
  },

  suggested({ answer, html }) {
    thread.suggest(answer, html);
  },
};

function showState() {
  const before = composer.answering;
  composer.answering = Boolean(thread.running());
  if (composer.answering === before) return;
  announce(before ? outcome() : word("answering"));
  // However the page learned of the end.
  if (before) pollTitle();
}

/** How the newest answer ended, in words: what went wrong, or that it is finished. */
function outcome() {
  const answer = [...element.querySelectorAll(".message-answer")].at(-1);
  return answer?.querySelector(".trouble > span")?.textContent ?? word("finished");
}

/** A worker makes a title after the first answer; after later ones only the order of the list changes. */
function pollTitle() {
  const first = element.querySelectorAll(".message-answer").length < 2;
  for (const wait of TITLE_POLLS.slice(0, first ? undefined : 1)) setTimeout(refreshTitle, wait);
}

/** Fetch the list, and show the title that it has for this conversation. */
async function refreshTitle() {
  await refreshList();
  const link = document.querySelector(`#side [data-conversation="${conversation}"] .conversation`);
  if (link) showTitle(link.textContent.trim());
}

// The start page has sent the first message: its draft is obsolete.
const own = [...element.querySelectorAll(".message-user .prose")].map((prose) => prose.textContent.replace(/\s/g, ""));
if (own.includes(draft.read("start").replace(/\s/g, ""))) draft.write("start", "");
forgetSent("start", element);
openFilesOf(element, word("file-gone"));
if (composer.answering) announce(word("answering"));
if (!thread.running()) pollTitle();
new Dictation(composer, tray);
previewCommands(composer.form);
listCommands(composer.form);
copySelections(element);
listenForPrint(thread);
new Aloud(element);
switchVersions(element, async (id) => (thread.isOlderPart ? thread.showAround(id) : refresh()));
answerMenu(element, actions);
if (!showFound(autoscroll)) composer.field.focus({ preventScroll: true });
