// The start page: the first message is submitted as a form, with an id that makes a repeat idempotent.

import { Composer } from "../shared/composer.js";
import { newId } from "../shared/store.js";
import { Tray } from "./attachments.js";
import { listCommands, previewCommands } from "./command.js";
import { Dictation } from "./dictation.js";
import { searchSwitch } from "./search-switch.js";
import { temporarySwitch } from "./temporary.js";

const form = document.getElementById("composer");
const composer = new Composer(form);
const tray = new Tray(form, { name: "start", onChange: (some) => { composer.attached = some; } });

form.addEventListener("submit", (event) => {
  if (!tray.hold()) return;
  event.preventDefault();
  event.stopImmediatePropagation();
});

new Dictation(composer, tray);
previewCommands(form);
listCommands(form);
searchSwitch(form);
temporarySwitch(form);
form.elements.id.value = newId();
form.elements.id.disabled = false;
form.addEventListener("submit", (event) => {
  if (composer.answering) event.preventDefault();
  composer.answering = true;
});
composer.stop.addEventListener("click", (event) => {
  event.preventDefault();
  window.stop();
  composer.answering = false;
});

// Back from the conversation: a new message needs a new id.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  form.elements.id.value = newId();
  composer.answering = false;
  composer.clear();
  tray.clear();
});
