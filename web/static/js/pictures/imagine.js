// The page for pictures: previews while a person types, and whole pictures.

import "./loops.js";
import { Composer } from "../shared/composer.js";
import { ConnectionNotice } from "../shared/connection-notice.js";
import { announce, isolated, notice, word } from "../shared/words.js";
import { Crossfade } from "./crossfade.js";
import { DrawingNotice } from "./drawing-notice.js";
import { History } from "./history.js";
import { listenForIdeas } from "./ideas.js";
import { LiveClient } from "./live.js";
import { Pictures } from "./pictures.js";
import { sentence } from "./read.js";
import { Spoken } from "./spoken.js";
import { listenForUploads } from "./uploads.js";

const COUNT = 4;
const POLL_INTERVAL = 3_000;
const HIGHEST_SEED = 2 ** 31;

const easel = document.getElementById("easel");
const form = document.getElementById("composer");
const upload = document.getElementById("upload");
const bar = easel.querySelector(".history-bar");
const lock = form.querySelector("[data-lock]");
const composer = new Composer(form, () => void draw());
const large = new Crossfade(document.getElementById("preview"));
const history = new History(easel.querySelector(".history"), show);
const readLine = document.getElementById("read");
const spoken = new Spoken((prompt) => announce(`${word("shows").replace("{words}", () => prompt)} ${readLine.textContent}`.trim()));
const pictures = new Pictures(document.getElementById("drawn"), showProgress);
const drawing = new DrawingNotice(composer.card);
const connection = new ConnectionNotice();
const live = new LiveClient({ socket: easel.dataset.socket, begin: easel.dataset.begin, known: "known" in easel.dataset }, {
  preview: showPreview,
  read: (words) => (readLine.textContent = sentence(words, easel.dataset)),
  // Where there is no painter, the sentence about that stays.
  pending: () => statusSentence || !live.open || drawing.start(),
  idle: () => drawing.stop(),
  error: (sentence) => sentence === statusSentence || drawing.show(sentence || word("failed")),
  queued: (sentence) => drawing.show(sentence),
  status: showStatus,
  progress: (message) => pictures.apply(message),
  connected() {
    connection.back();
    pictures.refreshAll();
  },
  lost() {
    drawing.stop();
    connection.lost();
  },
});

let statusSentence = easel.dataset.sentence;
let requesting = false;

form.elements.seed.value ||= newSeed();
composer.field.setSelectionRange(composer.field.value.length, composer.field.value.length);

// Typing

function livePrompt() {
  const { style, shape, seed, without } = form.elements;
  const shown = without.closest("p").hidden ? "" : without.value.trim();
  return { prompt: composer.text.trim(), style: style.value, shape: shape.value, seed: Number(seed.value), without: shown };
}

function typed({ now = false } = {}) {
  spoken.touch();
  if (composer.text) history.selectNewest();
  else startAnew();
  live.draw(livePrompt(), now);
}

/** The words are gone: the next ones are drawn on a new canvas, with another seed unless the layout is locked. */
function startAnew() {
  history.clear();
  spoken.clear();
  bar.inert = true;
  if (lock.ariaPressed !== "true") form.elements.seed.value = newSeed();
}

function newSeed() {
  return Math.floor(Math.random() * HIGHEST_SEED);
}

composer.field.addEventListener("input", ({ inputType }) => typed({ now: inputType === "insertFromPaste" }));
composer.field.addEventListener("blur", () => live.flush());
composer.field.addEventListener("keydown", (event) => {
  const composing = event.isComposing || event.keyCode === 229;
  if (event.key !== "Enter" || event.shiftKey || event.defaultPrevented || composing) return;
  // The composer does not send on Enter on a touch screen; but a prompt has no lines.
  event.preventDefault();
  if (composer.text) draw();
});

form.elements.without.addEventListener("input", () => live.draw(livePrompt()));
form.addEventListener("change", ({ target }) => {
  if (target.type !== "radio") return;
  if (target.name === "shape") easel.dataset.shape = target.value;
  typed({ now: true });
});

form.querySelector("[data-shuffle]").addEventListener("click", () => {
  form.elements.seed.value = newSeed();
  typed({ now: true });
});

lock.addEventListener("click", () => {
  const locked = lock.ariaPressed !== "true";
  lock.ariaPressed = locked;
  lock.classList.toggle("icon-locked", locked);
  lock.classList.toggle("icon-unlocked", !locked);
});

/** Replace the prompt with `text`. */
function write(text) {
  composer.clear();
  composer.put(text);
  typed({ now: true });
}

listenForIdeas(form, { url: easel.dataset.ideas, begin: () => live.begin(), text: () => composer.text, write });
listenForUploads(upload.elements.file, {
  say: (name, file = "") => notice(name && word(`upload-${name}`).replace("{name}", () => isolated(file))),
  async send(fields) {
    if (!(await live.begin())) {
      notice("");
      return false;
    }
    const taken = pictures.request(upload.action, fields);
    notice(word("upload-sending"));
    return taken;
  },
});

// Previews

function showPreview(preview) {
  bar.inert = false;
  // An older one that was selected stays.
  if (history.atNewest) {
    show(preview);
    spoken.show(preview.prompt);
  }
  history.add(preview);
}

/** Show a preview large; its words are the picture's name. */
function show({ jpeg, prompt }) {
  large.show(jpeg);
  document.getElementById("live-picture").setAttribute("aria-label", prompt || word("preview"));
}

function showStatus({ sentence, redraw, animate, without }) {
  form.elements.without.closest("p").hidden = !without;
  bar.querySelector("[data-preview=finish]").hidden = !redraw;
  bar.querySelector("[data-preview=grow]").hidden = !animate;
  if (sentence !== statusSentence) notice(sentence);
  statusSentence = sentence;
}

bar.addEventListener("click", (event) => {
  const button = event.target.closest("[data-preview]");
  if (!button || !history.selected) return;
  const { number } = history.selected;
  pictures.request(easel.dataset[button.dataset.preview], { sketch: live.canvas, number });
});

// Whole pictures

/** Request four pictures of the prompt, which stays in the field. */
async function draw() {
  live.flush();
  if (requesting) return;
  requesting = true;
  const fields = { ...livePrompt(), count: COUNT };
  if (await live.begin()) await pictures.request(easel.dataset.draw, fields);
  requesting = false;
}

function showProgress({ making, done }) {
  composer.answering = making > 0;
  composer.card.querySelector(".band-line").dataset.filled = Math.round(done * 5);
  if (!making) delete composer.card.querySelector(".band-line").dataset.filled;
}

composer.stop.addEventListener("click", () => {
  pictures.stopAll();
  composer.field.focus();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing || event.keyCode === 229 || !composer.answering) return;
  if (!document.querySelector("dialog[open], :popover-open")) pictures.stopAll();
});

setInterval(() => live.open || document.hidden || pictures.refreshAll(), POLL_INTERVAL);
// A prompt in the address is drawn at once for a person who is known; a link alone makes no guest.
if (composer.text && "known" in easel.dataset) typed();
