// A conversation: joins the socket, the messages and the composer.

import "./copy.js";
import { Actions } from "./actions.js";
import { Composer } from "../shared/composer.js";
import { post } from "../shared/http.js";
import { refreshList, showTitle } from "../shared/conversation-list.js";
import { Pending } from "./pending.js";
import { Autoscroll } from "./autoscroll.js";
import { Socket } from "../shared/socket.js";
import { draft } from "../shared/store.js";
import { Thread } from "./thread.js";
import { previewCommands } from "./command.js";
import { announce, notice, word } from "../shared/words.js";

const SLOW = 10_000;
const QUIET_LOSS = 1_500;
const LOOK_AGAIN = 3_000;
const NAME_COMES = [2_500, 10_000, 40_000];

const element = document.getElementById("thread");
const conversation = element.dataset.conversation;
const place = new Autoscroll(element, document.getElementById("end"), document.querySelector(".jump"));
const thread = new Thread(element, place);
const composer = new Composer(document.getElementById("composer"), say);
const timers = {};
let connectedBefore = false;

const socket = new Socket(element.dataset.socket, { onFrame: take, onUp: joined, onDown: lost });
const actions = new Actions(element, (frame) => socket.send(frame));
const pending = new Pending(element, {
  send: ({ id, text }) => socket.send({ type: "send", conversation, id, text }),
  onSent: lookAgain,
  onTakeBack(text) {
    composer.put(text);
  },
});

// Speaking

function say(text) {
  if (composer.answering) {
    notice(word("busy"));
    return false;
  }
  notice("");
  pending.add(text);
  place.toEnd();
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

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing || !composer.answering) return;
  if (!document.querySelector("dialog[open], :popover-open")) stop();
});

// The line

function joined() {
  clearTimeout(timers.loss);
  timers.loss = null;
  notice("");
  socket.send({ type: "open", conversation });
  follow();
  pending.resend();
}

function lost() {
  timers.loss ??= setTimeout(() => notice(word("connecting")), QUIET_LOSS);
}

/** Watch every answer on the page that is being made. */
function follow() {
  for (const article of element.querySelectorAll("[data-run]")) watch(article);
  showState();
}

function watch(article, after = thread.number(article)) {
  socket.send({ type: "watch", run: article.dataset.run, after });
  hintWhenSlow(article);
}

async function lookAgain() {
  if (await thread.refresh()) follow();
}

setInterval(() => {
  if (!socket.open && thread.running() && !document.hidden) lookAgain();
}, LOOK_AGAIN);

// Frames

function take(frame) {
  frames[frame.type]?.(frame);
}

const frames = {
  opened({ run }) {
    const missed = connectedBefore || Boolean(run) !== Boolean(thread.running()) || (run && !thread.running(run));
    connectedBefore = true;
    if (missed) lookAgain();
  },

  changed(frame) {
    if (frame.conversation === conversation) lookAgain();
  },

  accepted({ id, run, html, removed }) {
    if (pending.accepted(id)) place.toEnd();
    thread.append(html, removed);
    showState();
    // Its frames come by themselves from here on.
    const article = thread.running(run);
    if (article) hintWhenSlow(article);
  },

  refused(frame) {
    if (!pending.refused(frame)) actions.refused(frame);
  },

  problem({ sentence }) {
    notice(sentence);
  },

  waiting({ run, sentence }) {
    const article = thread.running(run);
    const line = article?.querySelector("[data-waiting]");
    if (line) line.textContent = sentence;
    if (article) hintWhenSlow(article);
  },

  text({ run, number, blocks }) {
    const article = thread.running(run);
    if (!article || number < thread.number(article)) return;
    thread.setBlocks(article, blocks);
    article.dataset.number = number;
    hintWhenSlow(article);
  },

  append({ run, number, previous, block, text }) {
    const article = thread.running(run);
    if (!article || number <= thread.number(article)) return;
    if (previous !== thread.number(article)) return watch(article);
    if (!thread.appendText(article, block, text)) return watch(article, 0);
    article.dataset.number = number;
    hintWhenSlow(article);
  },

  finished(frame) {
    const article = thread.running(frame.run);
    if (!article) return;
    clearTimeout(timers.slow);
    thread.finish(article, frame);
    showState();
    lookForName();
  },
};

function showState() {
  const before = composer.answering;
  composer.answering = Boolean(thread.running());
  if (composer.answering !== before) announce(word(before ? "finished" : "answering"));
}

/** After ten silent seconds, say that it may take longer. */
function hintWhenSlow(article) {
  const line = article.querySelector(".waiting");
  line?.classList.remove("slow");
  clearTimeout(timers.slow);
  timers.slow = setTimeout(() => {
    line?.classList.add("slow");
    line?.querySelector("[data-waiting]").replaceChildren(word("slow"));
  }, SLOW);
}

/** After the first answer a worker finds a name, sooner or later; after the others only the list's order changes. */
function lookForName() {
  const first = element.querySelectorAll(".message-answer").length < 2;
  for (const wait of NAME_COMES.slice(0, first ? undefined : 1)) setTimeout(showNews, wait);
}

/** The conversation may have a name by now. */
async function showNews() {
  await refreshList();
  const name = document.querySelector(`#side [data-conversation="${conversation}"] .conversation`);
  if (name) showTitle(name.textContent.trim());
}

// The first message came here from the start page: its draft has done its work.
const own = [...element.querySelectorAll(".message-user .prose")].map((prose) => prose.textContent.replace(/\s/g, ""));
if (own.includes(draft.read("start").replace(/\s/g, ""))) draft.write("start", "");
if (composer.answering) announce(word("answering"));
if (!thread.running()) lookForName();
previewCommands(composer.form);
composer.field.focus({ preventScroll: true });
