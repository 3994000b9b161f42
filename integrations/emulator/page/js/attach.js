// What a person can send besides words: the sheet behind the plus sign.

import { complain, icon, make } from "./elements.js";
import { sizeOf } from "./media.js";

const CHOICES = {
  picture: { icon: "picture", words: "Picture or video", accept: "image/*,video/*" },
  document: { icon: "document", words: "Document", accept: "" },
  audio: { icon: "microphone", words: "Sound or voice note from a file", accept: "audio/*" },
  sticker: { icon: "sticker", words: "Sticker" },
  place: { icon: "place", words: "Place" },
  contact: { icon: "person", words: "Contact" },
};
const STICKERS = ["🦙", "🌽", "🧶", "⛰️", "🥑", "☕", "🌈", "🎉"];
const STICKER_SIDE = 512;
const PLACES = [
  ["Plaza de Armas, Cusco", -13.516774, -71.978772, "Cusco, Peru"],
  ["Tower Bridge", 51.505456, -0.075356, "London SE1 2UP"],
  ["Brandenburg Gate", 52.516275, 13.377704, "Pariser Platz, Berlin"],
  ["Somewhere at sea", 0.5, -30.25, ""],
];

export class Attachments {
  #traits;
  #sheet;
  #send;

  /**
   * @param {object} traits Of the app.
   * @param {import("./sheet.js").Sheet} sheet
   * @param {{media: function(Blob, object): void, place: function(object): void, contact: function(object): void}} send
   */
  constructor(traits, sheet, send) {
    this.#traits = traits;
    this.#sheet = sheet;
    this.#send = send;
  }

  /** Open the choice of kinds. */
  open() {
    const row = (kind) => make("li", {}, make("button.sheet-row", { type: "button", on: { click: () => this.#choose(kind) } }, icon(CHOICES[kind].icon), CHOICES[kind].words));
    this.#sheet.open("Send", make("ul.sheet-list", {}, ...this.#traits.attach.map(row)));
  }

  /**
   * Show a file before it goes, with words under it where the app has them.
   * @param {File} file
   * @param {string} [kind] Of the message; by the file's type otherwise.
   */
  preview(file, kind = this.#kindOf(file)) {
    const url = URL.createObjectURL(file);
    const shown = {
      image: () => make("img.preview", { src: url, alt: file.name }),
      video: () => make("video.preview", { src: url, controls: true, playsinline: true }),
      audio: () => make("audio.preview", { src: url, controls: true }),
      sticker: () => make("img.preview", { src: url, alt: file.name }),
    }[kind]?.();
    const caption = this.#traits.captions && ["image", "video", "document"].includes(kind) && field("Words under it", { name: "caption", maxlength: 4096 });
    const voice = kind === "audio" && make("label.check", {}, make("input", { type: "checkbox", name: "voice", checked: true }), "As a voice note");
    this.#form("Send this", (data) => this.#send.media(file, { kind, name: file.name, caption: data.get("caption") ?? "", voice: data.has("voice") }), ...[
      shown ?? make("p.document", {}, icon("document"), make("span.document-name", {}, file.name), make("span.document-about", {}, sizeOf(file.size))),
      caption,
      voice,
    ].filter(Boolean));
    this.#sheet.onClose(() => URL.revokeObjectURL(url));
  }

  #kindOf({ type }) {
    const kind = type.split("/")[0];
    if (kind === "video" && this.#traits.videos && !this.#traits.videos.includes(type)) return "document";
    return ["image", "video", "audio"].includes(kind) ? kind : "document";
  }

  #choose(kind) {
    if (kind === "sticker") this.#stickers();
    else if (kind === "place") this.places();
    else if (kind === "contact") this.#contact();
    else this.#file(kind === "picture" ? null : kind, CHOICES[kind].accept);
  }

  #file(kind, accept) {
    const input = make("input", { type: "file", accept });
    input.addEventListener("change", () => input.files[0] && this.preview(input.files[0], kind ?? this.#kindOf(input.files[0])));
    input.click();
  }

  #stickers() {
    const one = (emoji) => make("li", {}, make("button.sticker-choice", { type: "button", "aria-label": `Sticker ${emoji}`, on: { click: () => this.drawn(emoji) } }, emoji));
    const own = make("button.sheet-row", { type: "button", on: { click: () => this.#file("sticker", "image/webp") } }, icon("picture"), "A WebP file of your own");
    this.#sheet.open("Stickers", make("ul.stickers", {}, ...STICKERS.map(one)), own);
  }

  /**
   * Send an emoji as a sticker.
   * @param {string} emoji
   * @param {string} [name] Of the file.
   */
  async drawn(emoji, name = "sticker.webp") {
    const canvas = Object.assign(document.createElement("canvas"), { width: STICKER_SIDE, height: STICKER_SIDE });
    const drawing = canvas.getContext("2d");
    drawing.font = `${STICKER_SIDE * 0.72}px system-ui, "Noto Color Emoji", sans-serif`;
    drawing.textAlign = "center";
    drawing.textBaseline = "middle";
    drawing.fillText(emoji, STICKER_SIDE / 2, STICKER_SIDE * 0.54);
    const blob = await new Promise((done) => { canvas.toBlob(done, "image/webp", 0.9); });
    this.#sheet.close();
    if (blob.type === "image/webp") this.#send.media(blob, { kind: "sticker", name });
    else complain("This browser cannot draw stickers. A WebP file works.");
  }

  /** Open the choice of places. */
  places() {
    const send = (place) => {
      this.#sheet.close();
      this.#send.place(place);
    };
    const row = ([name, latitude, longitude, address]) => make("li", {}, make("button.sheet-row", { type: "button", on: { click: () => send({ name, latitude, longitude, address }) } }, icon("place"), name));
    this.#form(
      "Send a place",
      (data) => this.#send.place({ name: data.get("name"), address: "", latitude: Number(data.get("latitude")), longitude: Number(data.get("longitude")) }),
      make("ul.sheet-list", {}, ...PLACES.map(row)),
      make("p.soft", {}, "Or another"),
      field("Name", { name: "name", maxlength: 200 }),
      make("div.pair", {}, field("Latitude", { name: "latitude", type: "number", step: "any", min: -90, max: 90, required: true }), field("Longitude", { name: "longitude", type: "number", step: "any", min: -180, max: 180, required: true })),
    );
  }

  #contact() {
    this.#form(
      "Send a contact",
      (data) => this.#send.contact(Object.fromEntries(data)),
      field("Name", { name: "name", required: true, maxlength: 200 }),
      field("Telephone", { name: "phone", type: "tel", maxlength: 40 }),
      field("E-mail", { name: "email", type: "email", maxlength: 200 }),
    );
  }

  #form(title, done, ...fields) {
    const form = make("form.sheet-form", {}, ...fields, make("button.main", {}, "Send"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const data = new FormData(form);
      this.#sheet.close();
      done(data);
    });
    this.#sheet.open(title, form);
  }
}

/** @returns {HTMLElement} A labelled input. */
export function field(words, attributes) {
  return make("label.field", {}, words, make("input", { type: "text", autocomplete: "off", ...attributes }));
}
