// Pictures, videos, sound and documents as they stand in a bubble.

import { icon, make } from "./elements.js";
import { length } from "./times.js";

const LOOP_SECONDS = 12;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/**
 * @param {{kind: string, media: object, voice: boolean}} bubble
 * @param {function(): void} onPlay Called when sound is played.
 * @returns {HTMLElement}
 */
export function medium({ kind, media, voice }, onPlay) {
  if (media.gone) return make("p.gone", {}, "This file is no longer kept.");
  const type = kind === "document" ? "" : media.mime.split("/")[0];
  if (kind === "sticker") return make("img.sticker", { src: media.url, alt: "Sticker", width: 150, height: 150 });
  if (type === "image") return picture(media);
  if (type === "video") return video(media);
  if (type === "audio") return sound(media, voice, onPlay);
  return documentCard(media);
}

function picture(media) {
  const image = make("img", { src: media.url, alt: "Picture" });
  return make("button.picture", { type: "button", "aria-label": "Picture, open it large", on: { click: () => enlarge(media) } }, image);
}

/** Short ones play again and again without sound, as apps do with animated pictures. */
function video(media) {
  const element = make("video", { src: media.url, controls: true, playsinline: true, preload: "metadata", "aria-label": "Video" });
  element.muted = true;
  element.addEventListener("loadedmetadata", () => {
    if (!(element.duration <= LOOP_SECONDS)) {
      element.muted = false;
      return;
    }
    element.loop = true;
    element.setAttribute("aria-label", "Video that plays again and again");
    if (!calm.matches) element.play().catch(() => { /* The browser waits for a touch; the controls are there. */ });
  });
  return make("div.video", {}, element);
}

function sound(media, voice, onPlay) {
  const audio = make("audio", { src: media.url, preload: "metadata" });
  const button = make("button.plain.play", { type: "button", "aria-label": "Play" }, make("i.triangle"));
  const bar = make("input", { type: "range", min: 0, max: 1000, value: 0, "aria-label": "Place in the recording" });
  const time = make("span.sound-time", {}, "0:00");
  const show = () => {
    const total = Number.isFinite(audio.duration) ? audio.duration : 0;
    bar.value = total ? (audio.currentTime / total) * 1000 : 0;
    bar.style.setProperty("--done", `${bar.value / 10}%`);
    time.textContent = length(audio.paused && !audio.currentTime ? total : audio.currentTime);
    button.classList.toggle("playing", !audio.paused);
    button.setAttribute("aria-label", audio.paused ? "Play" : "Pause");
  };
  button.addEventListener("click", () => {
    if (!audio.paused) return audio.pause();
    return audio.play().catch(() => { time.textContent = "This browser cannot play it"; });
  });
  bar.addEventListener("input", () => { if (audio.duration) audio.currentTime = (bar.value / 1000) * audio.duration; });
  for (const event of ["loadedmetadata", "durationchange", "timeupdate", "play", "pause", "ended"]) audio.addEventListener(event, show);
  audio.addEventListener("play", onPlay, { once: true });
  return make("div.sound", { role: "group", "aria-label": voice ? "Voice note" : "Sound" }, button, bar, time, voice && icon("microphone"), audio);
}

function documentCard(media) {
  return make(
    "a.document", { href: media.url, download: media.name || "document", target: "_blank", rel: "noopener" },
    icon("document"),
    make("span.document-name", {}, media.name || "Document"),
    make("span.document-about", {}, `${kindOf(media)} · ${sizeOf(media.size)}`),
  );
}

function kindOf({ name, mime }) {
  const ending = name.includes(".") ? name.split(".").at(-1) : mime.split("/").at(-1);
  return ending.slice(0, 8).toUpperCase();
}

/** @returns {string} As "12 kB". */
export function sizeOf(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function enlarge(media) {
  const close = make("button.plain", { type: "button", "aria-label": "Close" }, icon("close"));
  const dialog = make("dialog.large", { "aria-label": "Picture" }, close, make("img", { src: media.url, alt: "Picture" }));
  dialog.addEventListener("click", ({ target }) => target.localName === "img" || dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
