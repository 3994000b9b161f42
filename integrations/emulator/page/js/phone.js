// One phone: an app, held by one of the people.

import { APPS } from "./apps.js";
import { Attachments, field } from "./attach.js";
import { Bubble, summary } from "./bubble.js";
import { commandsOf } from "./commands.js";
import { Composer } from "./composer.js";
import { announce, icon, make, piece } from "./elements.js";
import { listenForFingers } from "./gestures.js";
import { target } from "./links.js";
import { openMenu } from "./menu.js";
import { asPhoto } from "./photo.js";
import { Sheet } from "./sheet.js";
import { day, now, sameDay, time } from "./times.js";

const NEAR_THE_END = 80;

export class Phone {
  #world;
  #out;
  #bubbles = new Map();
  #drafts = new Map();
  #composer;
  #attachments;
  #person = "";
  #visible = false;
  #inChat = true;
  #told = new Map();
  #holdsNext = false;
  #drawnPeople = new Set();
  #stayed = true;
  #top = 0;

  /**
   * @param {string} app
   * @param {import("./world.js").World} world
   * @param {{send: function(object): boolean, upload: function(string, Blob, object): void,
   *   look: function(string): void, addPerson: function(Phone): void}} out What leaves the phone.
   */
  constructor(app, world, out) {
    this.app = app;
    this.traits = APPS[app];
    this.#world = world;
    this.#out = out;
    this.element = piece("phone");
    this.element.classList.add(`app-${app}`);
    this.element.setAttribute("aria-label", `A phone with ${this.traits.name}`);
    this.sheet = new Sheet(this.#one(".screen"));
    this.#composer = new Composer(this.traits, this.#sending());
    this.#one(".below").append(this.#composer.element);
    this.#one(".chats-head h2").textContent = this.traits.name;
    this.#listen();
    setInterval(() => this.#tick(), 5_000);
  }

  /** What the assistant is called here. */
  get botName() {
    return this.#world.accounts.get(this.app)?.name ?? "The assistant";
  }

  /** The id of the person who holds it. */
  get person() {
    return this.#person;
  }

  get #thread() {
    return this.#world.thread(this.app, this.#person);
  }

  /** Draw all anew, after a snapshot. */
  restore() {
    this.#told.clear();
    if (!this.#world.people.has(this.#person)) this.#person = [...this.#world.people.keys()][0] ?? "";
    this.#drawPeople();
    this.#drawThread();
    this.#drawAccount();
    for (const thread of this.#world.threads.values()) if (thread.app === this.app) this.#tellOpen(thread);
  }

  /** Take in one change of the world. */
  apply(message) {
    if (message.type === "person") this.#personCame(message.person);
    if (message.type === "account" && message.account.app === this.app) this.#drawAccount();
    if (message.type === "switches") this.#drawThread();
    if (message.type === "thread" && message.thread.app === this.app) this.#threadChanged(message.thread);
    if (message.type === "bubble" && message.thread.startsWith(`${this.app}:`)) this.#bubbleChanged(message);
  }

  /** Hand the phone to the person who is added next. */
  holdNext() {
    this.#holdsNext = true;
  }

  /** Whether somebody looks at it: what arrives is read then. */
  set visible(on) {
    this.#visible = on;
    if (this.#thread) this.#tellOpen(this.#thread);
  }

  /** Hand the phone to another person. */
  hold(person) {
    if (person === this.#person) return;
    this.#drafts.set(this.#person, this.#composer.draft);
    this.sheet.close();
    const former = this.#thread;
    this.#person = person;
    this.#composer.draft = this.#drafts.get(person) ?? "";
    if (former) this.#tellOpen(former);
    this.#tellOpen(this.#thread);
    this.#drawPeople();
    this.#drawThread();
    this.#drawAccount();
  }

  /** Mark the bubble whose traffic is shown; "" marks none. */
  choose(id) {
    for (const [own, bubble] of this.#bubbles) bubble.element.classList.toggle("chosen", own === id);
  }

  // What a bubble asks of its phone

  quoted(id) {
    return this.#thread?.bubbles.get(id);
  }

  tap(id, payload) {
    // This button of WhatsApp asks for a place: none is tapped, one is sent.
    if (payload === "location_request_message") this.#attachments.places();
    else this.#act({ type: "tap", bubble: id, payload });
  }

  rate(id, good) {
    this.#act({ type: "rate", bubble: id, good });
  }

  played(id) {
    this.#act({ type: "play", bubble: id });
  }

  showBubble(id) {
    const { element } = this.#bubbles.get(id) ?? {};
    if (!element) return;
    element.scrollIntoView({ block: "center" });
    element.classList.remove("flash");
    element.getBoundingClientRect();
    element.classList.add("flash");
  }

  openMenu({ data }, beside) {
    const own = data.by === "person";
    const words = data.text || data.caption;
    const editable = own && ["text", "image", "video", "document"].includes(data.kind) && !data.tapped;
    const item = (name, label, act) => ({ icon: name, words: label, act });
    openMenu(beside, {
      reactions: data.deleted ? [] : this.traits.reactions,
      chosen: data.reactions.person ?? "",
      react: (emoji) => this.#act({ type: "react", bubble: data.id, emoji }),
      items: [
        !data.deleted && item("reply", "Reply", () => this.#composer.reply(data, own ? "You" : this.botName)),
        words && item("copy", "Copy", () => navigator.clipboard?.writeText(words)),
        editable && !data.deleted && item("edit", "Edit", () => this.#composer.edit(data)),
        own && !data.deleted && item("erase", this.app === "whatsapp" ? "Delete for everyone" : "Unsend", () => this.#act({ type: "unsend", bubble: data.id })),
        item("traffic", "Traffic", () => this.#out.look(data.id)),
      ].filter(Boolean),
    });
  }

  // Drawing

  #drawPeople() {
    const chip = ({ id, name }) => {
      const thread = this.#world.thread(this.app, id);
      const unread = thread && id !== this.#person ? this.#world.unread(thread) : 0;
      return make(
        "button.holder-chip", { type: "button", "aria-pressed": String(id === this.#person), on: { click: () => this.hold(id) } },
        name, unread > 0 && make("span.badge", { "aria-label": `${unread} unread` }, String(unread)),
      );
    };
    const add = make("button.plain.holder-add", { type: "button", "aria-label": "Add a person", on: { click: () => this.#out.addPerson(this) } }, icon("plus"));
    const people = [...this.#world.people.values()];
    this.#drawnPeople = new Set(this.#world.people.keys());
    const held = this.#one(".holder").contains(document.activeElement);
    this.#one(".holder").replaceChildren(...people.map(chip), people.length < 6 ? add : "");
    if (held) this.#one('.holder [aria-pressed="true"]')?.focus();
  }

  #drawAccount() {
    const account = this.#world.accounts.get(this.app);
    if (!account) return;
    this.#one(".name").textContent = account.name;
    this.#one(".talk").setAttribute("aria-label", `Messages with ${account.name} on ${this.traits.name}`);
    this.#drawAbout();
    this.#drawWelcome();
    this.#composer.commands = commandsOf(this.app, account.profile);
    this.#composer.hasMenu = this.#menuLines().length > 0;
    this.#drawChats();
  }

  #drawAbout() {
    const thread = this.#thread;
    if (!thread) return;
    const resting = { whatsapp: "Business account", messenger: "Usually answers at once", instagram: "Business chat" }[this.app];
    const typing = this.app === "whatsapp" && thread.typing;
    this.#one(".about").textContent = thread.blocked ? "You have blocked this account" : typing ? "typing…" : resting;
    this.#one(".about").classList.toggle("is-typing", Boolean(typing));
  }

  #drawThread() {
    const thread = this.#thread;
    this.#bubbles.clear();
    this.#one(".bubbles").replaceChildren();
    if (!thread) return;
    for (const bubble of this.#world.bubbles(thread)) this.#drawBubble(bubble);
    this.#arrange();
    this.#threadChanged(thread);
    this.#drawWelcome();
    this.#drawChats();
    this.#tick();
    this.#toEnd();
  }

  #drawBubble(data) {
    const known = this.#bubbles.get(data.id);
    if (known) return known.update(data);
    const bubble = new Bubble(data, this);
    this.#bubbles.set(data.id, bubble);
    this.#one(".bubbles").append(bubble.element);
    return bubble;
  }

  /** Day lines, groups of one speaker, the seen line, quick replies: what depends on neighbours. */
  #arrange() {
    const list = this.#one(".bubbles");
    for (const line of list.querySelectorAll(".day-line, .seen-line")) line.remove();
    const all = [...this.#bubbles.values()];
    let before = null;
    for (const { element, data } of all) {
      const newDay = !before || !sameDay(before.data.at * 1000, data.at * 1000);
      const joined = !newDay && before.data.by === data.by;
      if (newDay) element.before(make("li.day-line", {}, make("span", {}, day(data.at * 1000))));
      element.classList.toggle("first", !joined);
      element.classList.remove("last");
      if (!joined) before?.element.classList.add("last");
      before = { element, data };
    }
    before?.element.classList.add("last");
    this.#seenLine(all);
    const last = all.at(-1)?.data;
    this.#composer.offer(last?.by === "bot" && !last.deleted ? last.quick_replies : [], (payload) => this.tap(last.id, payload));
  }

  /** Messenger and Instagram say under the person's newest message how far it came. */
  #seenLine(all) {
    if (this.traits.marks === "ticks") return;
    const newest = all.findLast(({ data }) => data.by === "person" && !data.deleted);
    if (!newest || all.at(-1) !== newest) return;
    const words = { sending: "Sending", sent: "Sent", delivered: "Delivered", read: "Seen", played: "Seen", failed: "Not delivered" }[newest.data.status];
    newest.element.after(make("li.seen-line", {}, words));
  }

  #drawWelcome() {
    const box = this.#one(".welcome");
    const account = this.#world.accounts.get(this.app);
    if (!account || !this.#thread) return;
    const fresh = !this.#thread.started && !this.#thread.bubbles.size;
    const { profile } = account;
    const breakers = fresh ? this.#breakers(profile) : [];
    const starts = fresh && this.app === "messenger" && profile.get_started && !breakers.length;
    const greeting = profile.greeting?.[0]?.text?.replaceAll("{{user_first_name}}", this.#world.people.get(this.#person)?.name.split(" ")[0] ?? "");
    box.replaceChildren(...[
      this.app === "whatsapp"
        ? fresh && make("p.welcome-note", {}, "Write a first message.")
        : make("div.welcome-card", {}, make("span.avatar.large-avatar", { "aria-hidden": "true" }, icon("band")), make("strong", {}, account.name), fresh && make("p.soft", {}, greeting || profile.about || "Write a first message.")),
      breakers.length > 0 && make("div.breakers", { role: "group", "aria-label": "Suggestions" }, ...breakers.map(({ question, act }) => make("button.breaker", { type: "button", on: { click: act } }, question))),
      starts && make("button.main.get-started", { type: "button", on: { click: () => this.#act({ type: "open_chat", payload: "", ref: "" }) } }, "Get started"),
    ].filter(Boolean));
    this.#composer.element.classList.toggle("waits", Boolean(starts));
  }

  /** What the bot suggests to begin with. On WhatsApp they are words that are sent. */
  #breakers(profile) {
    if (this.app === "whatsapp") {
      const prompts = profile.conversational_automation?.prompts ?? [];
      return prompts.map((question) => ({ question, act: () => this.#act({ type: "write", text: question, reply_to: "" }) }));
    }
    return lines(profile.ice_breakers).map(({ question, payload }) => ({ question, act: () => this.#act({ type: "open_chat", payload, ref: "" }) }));
  }

  #drawChats() {
    const thread = this.#thread;
    if (!thread) return;
    const last = this.#world.bubbles(thread).at(-1);
    const unread = this.#world.unread(thread);
    this.#one(".chats-list").replaceChildren(make("li", {}, make(
      "button.chats-row", { type: "button", on: { click: () => this.#showChat(true) } },
      make("span.avatar", { "aria-hidden": "true" }, icon("band")),
      make("span.chats-words", {}, make("strong", {}, this.botName), make("span.soft", {}, last ? summary(last) : "No messages yet")),
      make("span.chats-side", {}, last && make("span.soft", {}, time(last.at * 1000)), unread > 0 && make("span.badge", { "aria-label": `${unread} unread` }, String(unread))),
    )));
  }

  // Changes

  #personCame({ id }) {
    if (this.#holdsNext && !this.#drawnPeople.has(id)) {
      this.#holdsNext = false;
      this.hold(id);
    }
    this.#drawPeople();
    for (const thread of this.#world.threads.values()) if (thread.app === this.app) this.#tellOpen(thread);
  }

  #threadChanged(thread) {
    if (thread.id !== this.#thread?.id) return this.#drawPeople();
    this.#showTyping(thread.typing && !thread.blocked);
    this.#drawAbout();
    this.#drawWelcome();
    return undefined;
  }

  #showTyping(on) {
    const dots = this.#one(".typing");
    if (dots.hidden === !on) return;
    dots.hidden = !on;
    if (on) announce(`${this.botName} is typing on ${this.traits.name}`);
    if (on && this.#stayed) this.#toEnd();
  }

  #bubbleChanged({ thread, bubble }) {
    if (thread !== this.#thread?.id) return this.#drawPeople();
    const fresh = !this.#bubbles.has(bubble.id);
    const stay = fresh && (this.#stayed || bubble.by === "person");
    this.#drawBubble(bubble);
    this.#arrange();
    this.#drawChats();
    if (fresh) this.#drawWelcome();
    if (fresh && bubble.by === "bot") announce(`${this.botName} on ${this.traits.name}: ${summary(bubble)}`);
    if (stay) this.#toEnd();
    return undefined;
  }

  #showChat(on) {
    this.#inChat = on;
    this.#one(".chat").hidden = !on;
    this.#one(".chats").hidden = on;
    this.#drawChats();
    this.#tellOpen(this.#thread);
    if (on) {
      this.#toEnd();
      this.#composer.focus();
    } else this.#one(".chats-row").focus();
  }

  /** The emulator knows which chats are looked at: what arrives there is read. */
  #tellOpen(thread) {
    const open = this.#visible && this.#inChat && thread.person === this.#person;
    if (this.#told.get(thread.id) === open) return;
    if (this.#out.send({ type: "watch", thread: thread.id, open })) this.#told.set(thread.id, open);
  }

  // Acting

  #act(message) {
    return this.#out.send({ thread: this.#thread.id, ...message });
  }

  #sending() {
    const media = async (file, about) => {
      const { id } = this.#thread;
      const blob = about.kind === "image" ? await asPhoto(file, this.traits.photos) : file;
      this.#out.upload(id, blob, { reply_to: "", ...about });
    };
    const attachments = this.#attachments = new Attachments(this.traits, this.sheet, {
      media,
      place: (place) => this.#act({ type: "place", ...place }),
      contact: (card) => this.#act({ type: "contact", ...card }),
    });
    this.#one(".talk").addEventListener("dragover", (event) => event.preventDefault());
    this.#one(".talk").addEventListener("drop", (event) => {
      event.preventDefault();
      const file = event.dataTransfer.files[0];
      if (file) attachments.preview(file);
    });
    return {
      write: (text, replyTo) => this.#act({ type: "write", text, reply_to: replyTo }),
      edit: (bubble, text) => this.#act({ type: "edit", bubble, text }),
      voice: (blob) => media(blob, { kind: "audio", voice: true, name: "voice" }),
      like: () => attachments.drawn(this.traits.like.emoji, "like.webp"),
      attach: () => attachments.open(),
      file: (file) => attachments.preview(file),
      menu: () => this.#openBotMenu(),
    };
  }

  #menuLines() {
    return lines(this.#world.accounts.get(this.app)?.profile.persistent_menu);
  }

  #openBotMenu() {
    const one = (line) => {
      const href = line.type === "web_url" && target(line.url ?? "");
      if (href) return make("a.sheet-row", { href, target: "_blank", rel: "noopener noreferrer" }, icon("open"), line.title);
      return make("button.sheet-row", { type: "button", on: { click: () => {
        this.sheet.close();
        this.#act({ type: "open_chat", payload: line.payload, ref: "" });
      } } }, line.title);
    };
    this.sheet.open("Menu", make("ul.sheet-list", {}, ...this.#menuLines().map((line) => make("li", {}, one(line)))));
  }

  /** What else a person can do in this chat: rarer things, worth trying. */
  #openAbout() {
    const thread = this.#thread;
    const person = this.#world.people.get(this.#person);
    const row = (name, words, act) => make("li", {}, make("button.sheet-row", { type: "button", on: { click: () => {
      this.sheet.close();
      act();
    } } }, icon(name), words));
    const ids = { whatsapp: [person.phone ? `+${person.phone}` : "no number shown", person.username && `@${person.username.replace(/^@/, "")}`, person.user_id], messenger: [person.psid], instagram: [person.igsid, person.username && `@${person.username.replace(/^@/, "")}`] }[this.app];
    const by = this.app === "whatsapp" ? "Words of the link" : "ref of the link";
    const link = make("form.sheet-form", {}, field(by, { name: "ref", maxlength: 2000, required: true }), make("button.main", {}, "Come by a link"));
    link.addEventListener("submit", (event) => {
      event.preventDefault();
      const ref = new FormData(link).get("ref");
      this.sheet.close();
      this.#act({ type: "open_chat", payload: "", ref });
    });
    this.sheet.open(
      `${person.name} and ${this.botName}`,
      make("p.soft.ids", {}, `The assistant knows ${person.name} as ${ids.filter(Boolean).join(", ")}.`),
      make("ul.sheet-list", {}, ...[
        this.app === "whatsapp" && row("person", "Move to another phone number", () => this.#act({ type: "change_number" })),
        this.app === "whatsapp" && row("person", "Get another user id", () => this.#act({ type: "change_user_id" })),
        this.app === "instagram" && row("reply", "Answer to a story", () => this.#act({ type: "story", text: "What a view" })),
        this.app !== "whatsapp" && row("open", "Share a link", () => this.#act({ type: "link", link: "https://example.org/northern-lights", title: "Northern lights tonight" })),
        row("list", "Send a poll, which the API does not carry", () => this.#act({ type: "unsupported", what: "poll" })),
        row("close", thread.blocked ? "Unblock" : "Block", () => this.#act({ type: "set_blocked", blocked: !thread.blocked })),
      ].filter(Boolean)),
      link,
    );
  }

  #listen() {
    this.#one(".back").addEventListener("click", () => this.#showChat(false));
    this.#one(".jump").addEventListener("click", () => {
      this.#toEnd();
      this.#composer.focus();
    });
    const more = make("button.plain.about-button", { type: "button", "aria-label": "More about this chat", on: { click: () => this.#openAbout() } }, icon("more"));
    this.#one(".chat-head").append(more);
    const rowBubble = (row) => this.#bubbles.get(row.dataset.id);
    this.#one(".talk").addEventListener("scroll", () => this.#scrolled());
    // A picture that has come in, or the quick replies, take room from what is read.
    const sizes = new ResizeObserver(() => this.#stayed && this.#toEnd());
    for (const name of [".talk", ".bubbles", ".typing"]) sizes.observe(this.#one(name));
    listenForFingers(this.#one(".bubbles"), {
      onPress: (row) => rowBubble(row) && this.openMenu(rowBubble(row), row.querySelector(".bubble")),
      onSwipe: (row) => {
        const { data } = rowBubble(row) ?? {};
        if (data && !data.deleted) this.#composer.reply(data, data.by === "person" ? "You" : this.botName);
      },
    });
    this.#one(".bubbles").addEventListener("click", ({ target: hit }) => {
      const row = hit.closest(".row");
      const taken = hit.closest("button, a, input, video, audio");
      if (row && !taken && getSelection().isCollapsed) this.#out.look(row.dataset.id, { onlyIfOpen: true });
    });
  }

  #tick() {
    this.#one(".clock").textContent = time(now());
  }

  // The end of the talk

  get #atEnd() {
    const talk = this.#one(".talk");
    return talk.scrollHeight - talk.scrollTop - talk.clientHeight < NEAR_THE_END;
  }

  #toEnd() {
    const talk = this.#one(".talk");
    talk.scrollTop = talk.scrollHeight;
    this.#top = talk.scrollTop;
    this.#stay(true);
  }

  #stay(on) {
    this.#stayed = on;
    this.#one(".jump").hidden = on;
  }

  /** Only who scrolls up has left the end: it also moves away when something comes in. */
  #scrolled() {
    const { scrollTop } = this.#one(".talk");
    if (this.#atEnd) this.#stay(true);
    else if (scrollTop < this.#top - 2) this.#stay(false);
    this.#top = scrollTop;
  }

  #one(selector) {
    return this.element.querySelector(selector);
  }
}

/** The lines of a menu or of ice breakers, whichever of its two shapes was set. */
function lines(groups) {
  return (groups ?? []).flatMap((group) => group.call_to_actions ?? [group]);
}
