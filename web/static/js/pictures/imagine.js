// The page on which a picture changes while one types.

import "./loops.js";
import { Composer } from "../shared/composer.js";
import { History } from "./history.js";
import { Crossfade } from "./crossfade.js";
import { listenForIdeas } from "./ideas.js";
import { LiveClient } from "./live.js";
import { DrawingNotice } from "./drawing-notice.js";
import { Pictures } from "./pictures.js";
import { listenForUploads } from "./uploads.js";
import { notice, word } from "../shared/words.js";

const COUNT = 4;
const HIGHEST_SEED = 2 ** 31;

const easel = document.getElementById("easel");
const form = document.getElementById("composer");
const upload = document.getElementById("upload");
const bar = easel.querySelector(".film-bar");
const lock = form.querySelector("[data-lock]");
const composer = new Composer(form, () => void draw());
const frame = new Crossfade(document.getElementById("frame"));
const film = new History(easel.querySelector(".film"), ({ jpeg }) => frame.show(jpeg));
const pictures = new Pictures(document.getElementById("drawn"), showProgress);
const patience = new DrawingNotice(composer.card);
const live = new LiveClient({ socket: easel.dataset.socket, begin: easel.dataset.begin, known: "known" in easel.dataset }, {
  frame: take,
  // Where nobody draws, the sentence that says so stays.
  wait: () => told || patience.begin(),
  rest: () => patience.end(),
  trouble: (sentence) => sentence === told || patience.say(sentence || word("failed")),
  line: (sentence) => patience.say(sentence),
  studio: showStudio,
  picture: (change) => pictures.take(change),
  up: () => pictures.lookAgain(),
});

let told = easel.dataset.sentence;
let asking = false;

form.elements.seed.value ||= newSeed();
composer.field.setSelectionRange(composer.field.value.length, composer.field.value.length);

// Typing

function wish() {
  const { style, shape, seed } = form.elements;
  return { prompt: composer.text, style: style.value, shape: shape.value, seed: Number(seed.value) };
}

function typed({ now = false } = {}) {
  if (composer.text) film.toEnd();
  else startAnew();
  live.draw(wish(), now);
}

/** The words are gone: the next ones are another picture, unless its layout is to be kept. */
function startAnew() {
  film.clear();
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
  // The composer leaves Enter alone on a touch screen; but a description has no lines.
  event.preventDefault();
  if (composer.text) draw();
});

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
  const held = lock.ariaPressed !== "true";
  lock.ariaPressed = held;
  lock.classList.toggle("icon-locked", held);
  lock.classList.toggle("icon-unlocked", !held);
});

/** Put `text` in the field, in place of what stands there. */
function write(text) {
  composer.clear();
  composer.put(text);
  typed({ now: true });
}

listenForIdeas(form, { url: easel.dataset.ideas, begin: () => live.begin(), text: () => composer.text, write });
listenForUploads(upload.elements.file, async (file) => {
  if (await live.begin()) await pictures.ask(upload.action, file);
});

// Frames

function take(shown) {
  const looksBack = !film.atEnd;
  bar.inert = false;
  film.add(shown);
  if (!looksBack) frame.show(shown.jpeg);
  document.getElementById("live-picture").setAttribute("aria-label", shown.prompt || word("frame"));
}

function showStudio({ sentence, redraw, animate }) {
  bar.querySelector("[data-frame=finish]").hidden = !redraw;
  bar.querySelector("[data-frame=grow]").hidden = !animate;
  if (sentence !== told) notice(sentence);
  told = sentence;
}

bar.addEventListener("click", (event) => {
  const button = event.target.closest("[data-frame]");
  if (!button || !film.looked) return;
  const { number } = film.looked;
  pictures.ask(easel.dataset[button.dataset.frame], { sketch: live.sketch, number });
});

// Whole pictures

/** Four pictures of the words; they stay in the field, to be gone on from. */
async function draw() {
  live.flush();
  if (asking) return;
  asking = true;
  const fields = { ...wish(), count: COUNT };
  if (await live.begin()) await pictures.ask(easel.dataset.draw, fields);
  asking = false;
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
  if (event.key !== "Escape" || event.isComposing || !composer.answering) return;
  if (!document.querySelector("dialog[open], :popover-open")) pictures.stopAll();
});

setInterval(() => live.open || document.hidden || pictures.lookAgain(), 3_000);
// Who was here before sees at once what the words from the address look like; nobody becomes a guest by a link alone.
if (composer.text && "known" in easel.dataset) typed();
