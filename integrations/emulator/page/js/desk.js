// The page: phones side by side on a desk, one at a time on a real phone; posts; the panel behind the scenes.

import { APPS } from "./apps.js";
import { field } from "./attach.js";
import { announce, complain, make } from "./elements.js";
import { Phone } from "./phone.js";
import { Posts } from "./posts.js";
import { Socket } from "./socket.js";
import { Switches } from "./switches.js";
import { setAhead } from "./times.js";
import { Traffic } from "./traffic.js";
import { World } from "./world.js";

const OFFLINE_AFTER = 1_500;
const COUNTRIES = { DE: "Germany", IT: "Italy", ES: "Spain", BR: "Brazil", US: "United States", IN: "India" };

const desk = document.getElementById("desk");
const panel = document.getElementById("panel");
const panelButton = document.getElementById("panel-button");
const narrow = matchMedia("(max-width: 47.99rem)");
const world = new World();
const out = { send, upload, look, addPerson, invite };
const phones = Object.keys(APPS).map((app) => new Phone(app, world, out));
const posts = new Posts(world, out);
const traffic = new Traffic(document.getElementById("traffic"), { choose, ask: (about) => send({ type: "look", about }) });
const switches = new Switches(document.getElementById("switches"), world, (values) => send({ type: "switch", values }));
let offlineTimer = 0;

desk.append(...phones.map(({ element }) => element), posts.element);
for (const phone of phones) phone.element.id = phone.app;

const socket = new Socket("/phones/socket", { onMessage: receive, onOpen: opened, onClose: closed });

function send(message) {
  return socket.send(message);
}

function opened() {
  clearTimeout(offlineTimer);
  document.getElementById("offline").hidden = true;
}

function closed() {
  clearTimeout(offlineTimer);
  offlineTimer = setTimeout(() => { document.getElementById("offline").hidden = false; }, OFFLINE_AFTER);
}

function receive(message) {
  if (message.type === "problem") return complain(message.text);
  if (message.type === "looked") return traffic.show(message);
  if (message.type === "traffic") return traffic.changed(message.about);
  if (message.type === "snapshot") return restore(message);
  world.apply(message);
  setAhead((world.switches.ahead ?? 0) * 1000);
  for (const part of [...phones, posts, switches]) part.apply(message);
  return undefined;
}

function restore(message) {
  world.restore(message);
  setAhead((world.switches.ahead ?? 0) * 1000);
  const apps = new Set(world.accounts.keys());
  for (const phone of phones) {
    phone.element.hidden = !apps.has(phone.app);
    document.querySelector(`[data-show="${phone.app}"]`).hidden = !apps.has(phone.app);
    if (apps.has(phone.app)) phone.restore();
  }
  posts.restore();
  switches.restore();
  traffic.refresh();
  document.body.classList.add("ready");
}

async function upload(place, blob, about) {
  const query = new URLSearchParams({ ...about, ...place, voice: about.voice ? "1" : "" });
  try {
    const answer = await fetch(`/phones/media?${query}`, { method: "POST", body: blob, headers: { "Content-Type": blob.type || "application/octet-stream" } });
    if (!answer.ok) complain((await answer.text()).slice(0, 200));
  } catch {
    complain("The emulator does not answer. The file was not sent.");
  }
}

/** An invite link opens WhatsApp, whichever app it was tapped in. */
function invite(person, link) {
  const phone = phones.find(({ traits }) => traits.groups);
  phone.hold(person);
  if (narrow.matches) show(phone.app);
  phone.openInvite(link);
}

function addPerson(phone) {
  const form = make(
    "form.sheet-form", {},
    field("Name", { name: "name", required: true, maxlength: 60 }),
    make("label.field", {}, "Country", make("select", { name: "country" }, ...Object.entries(COUNTRIES).map(([code, name]) => make("option", { value: code }, name)))),
    make("label.check", {}, make("input", { type: "checkbox", name: "hidden" }), "Has a user name and shows no phone number"),
    make("button.main", {}, "Add"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const data = new FormData(form);
    phone.sheet.close();
    phone.holdNext();
    send({ type: "add_person", name: data.get("name"), country: data.get("country"), hidden: data.has("hidden") });
  });
  phone.sheet.open("Another person", form);
}

// The panel

function look(about, { onlyIfOpen = false } = {}) {
  if (onlyIfOpen && (panel.hidden || traffic.hidden)) return;
  if (panel.hidden) showPanel(true);
  showTab("traffic");
  traffic.look(about);
}

function choose(about) {
  for (const phone of phones) phone.choose(about);
}

function showPanel(on) {
  panel.hidden = !on;
  panelButton.setAttribute("aria-expanded", String(on));
  document.body.classList.toggle("with-panel", on);
  if (!on) choose("");
  sessionStorage.setItem("panel", on ? "open" : "");
  showVisible();
}

function showTab(name) {
  for (const tab of panel.querySelectorAll("[data-panel]")) tab.setAttribute("aria-pressed", String(tab.dataset.panel === name));
  for (const id of ["traffic", "switches"]) document.getElementById(id).hidden = id !== name;
}

panelButton.addEventListener("click", () => {
  showPanel(panel.hidden);
  if (!panel.hidden) panel.querySelector('[aria-pressed="true"]').focus();
});
document.getElementById("panel-close").addEventListener("click", () => {
  showPanel(false);
  panelButton.focus();
});
panel.addEventListener("click", ({ target }) => target.dataset.panel && showTab(target.dataset.panel));
panel.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  showPanel(false);
  panelButton.focus();
});

// What is looked at

function show(name) {
  document.body.dataset.view = name === "posts" ? "posts" : "phones";
  document.body.dataset.app = name;
  sessionStorage.setItem("view", name);
  if (narrow.matches) document.getElementById(name === "phones" ? phones[0].app : name)?.scrollIntoView({ inline: "start", block: "nearest" });
  markTabs(name);
  showVisible();
}

function markTabs(name) {
  for (const tab of document.querySelectorAll("[data-show]")) {
    const first = name === "phones" && tab.dataset.show === phones[0].app;
    const wide = tab.dataset.show === "phones" && name !== "posts";
    tab.setAttribute("aria-pressed", String(tab.dataset.show === name || wide || first));
  }
}

/** A phone is looked at when it is on the screen and the page is. */
function showVisible() {
  const covered = document.hidden || (narrow.matches && !panel.hidden);
  for (const phone of phones) phone.visible = !covered && onScreen.has(phone.element);
}

const onScreen = new Set();
const observer = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) onScreen.add(target);
    else onScreen.delete(target);
    if (isIntersecting && narrow.matches) markTabs(target.id);
  }
  showVisible();
}, { threshold: 0.6 });
for (const { element } of phones) observer.observe(element);
observer.observe(posts.element);

document.querySelector(".top").addEventListener("click", ({ target }) => target.dataset.show && show(target.dataset.show));
document.addEventListener("visibilitychange", showVisible);
narrow.addEventListener("change", () => show(document.body.dataset.app));
show(sessionStorage.getItem("view") || "phones");
showPanel(sessionStorage.getItem("panel") === "open" && !narrow.matches);
announce("");
