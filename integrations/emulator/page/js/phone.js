// One phone: an app, held by one of the people.

import { APPS } from "./apps.js";
import { Attachments, field } from "./attach.js";
import { Bubble, summary } from "./bubble.js";
import { commandsOf } from "./commands.js";
import { Composer } from "./composer.js";
import { announce, complain, icon, make, piece } from "./elements.js";
import { listenForFingers } from "./gestures.js";
import { asSeenBy, authorLine, behind, colorOf, face, invitation, isInvite, isKnownTo, particulars, seenBy, unreadIn } from "./group.js";
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
  // The id of the group that is shown; "" is the chat with the assistant alone.
  #group = "";
  #toldGroup = null;
  #opensNext = "";
  #invite = "";
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
   *   look: function(string): void, addPerson: function(Phone): void, invite: function(string, string): void}} out What leaves the phone.
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

  /** What is shown: a group, or the chat with the assistant. */
  get #chat() {
    return this.#shownGroup ?? this.#thread;
  }

  get #shownGroup() {
    return this.#world.groups.get(this.#group);
  }

  /** The messages of what is shown, oldest first. */
  get #shown() {
    return this.#shownGroup ? seenBy(this.#person, this.#shownGroup) : this.#world.bubbles(this.#thread);
  }

  get #groups() {
    return this.traits.groups ? [...this.#world.groups.values()].filter((group) => isKnownTo(this.#person, group)) : [];
  }

  /** Draw all anew, after a snapshot. */
  restore() {
    this.#told.clear();
    this.#toldGroup = null;
    if (!this.#shownGroup) this.#group = "";
    if (!this.#world.people.has(this.#person)) this.#person = [...this.#world.people.keys()][0] ?? "";
    this.#drawPeople();
    this.#drawThread();
    this.#drawAccount();
    for (const thread of this.#world.threads.values()) if (thread.app === this.app) this.#tellOpen(thread);
    this.#tellGroup();
  }

  /** Take in one change of the world. */
  apply(message) {
    if (message.type === "person") this.#personCame(message.person);
    if (message.type === "account" && message.account.app === this.app) this.#drawAccount();
    if (message.type === "switches") this.#drawThread();
    if (message.type === "thread" && message.thread.app === this.app) this.#threadChanged(message.thread);
    if (message.type === "bubble" && message.thread?.startsWith(`${this.app}:`)) this.#bubbleChanged(message);
    if (!this.traits.groups) return;
    if (message.type === "bubble" && message.group) this.#groupBubbleChanged(message);
    if (message.type === "group") this.#groupChanged(message.group);
    if (message.type === "group_gone") this.#groupGone(message.group);
  }

  /** Hand the phone to the person who is added next. */
  holdNext() {
    this.#holdsNext = true;
  }

  /** Whether somebody looks at it: what arrives is read then. */
  set visible(on) {
    this.#visible = on;
    if (this.#thread) this.#tellOpen(this.#thread);
    this.#tellGroup();
  }

  /** Show what an invite link leads to. */
  openInvite(link) {
    const group = behind(this.#world.groups.values(), link);
    this.#invite = "";
    if (!group) {
      this.sheet.open("Invitation", make("p.soft", {}, "This invite link leads to no group."));
      return;
    }
    const then = (act) => () => {
      this.sheet.close();
      act();
    };
    this.sheet.open(group.subject, ...invitation(group, this.#person, this.#world.people, {
      join: then(() => {
        this.#opensNext = group.id;
        this.#out.send({ type: "join_group", person: this.#person, link: group.link });
      }),
      takeBack: then(() => this.#out.send({ type: "take_back_join", group: group.id, person: this.#person })),
      open: then(() => this.#enter(group.id)),
    }));
    // What it says may change while it is read.
    this.#invite = group.id;
    this.sheet.onClose(() => { this.#invite = ""; });
  }

  /** Hand the phone to another person. */
  hold(person) {
    if (person === this.#person) return;
    this.#keepDraft();
    this.sheet.close();
    const former = this.#thread;
    this.#person = person;
    this.#group = this.#opensNext = "";
    this.#takeDraft();
    if (former) this.#tellOpen(former);
    this.#tellOpen(this.#thread);
    this.#tellGroup();
    this.#drawPeople();
    this.#drawThread();
    this.#drawAccount();
  }

  #keepDraft() {
    this.#drafts.set(`${this.#person} ${this.#group}`, this.#composer.draft);
  }

  #takeDraft() {
    this.#composer.draft = this.#drafts.get(`${this.#person} ${this.#group}`) ?? "";
  }

  /** Mark the bubble whose traffic is shown; "" marks none. */
  choose(id) {
    for (const [own, bubble] of this.#bubbles) bubble.element.classList.toggle("chosen", own === id);
  }

  // What a bubble asks of its phone

  quoted(id) {
    const bubble = this.#chat?.bubbles.get(id);
    return bubble && this.#shownGroup ? asSeenBy(this.#person, bubble) : bubble;
  }

  /** What who wrote a message is called. */
  nameOf({ by, author }) {
    if (by === "other") return this.#world.people.get(author)?.name ?? "Somebody";
    return by === "person" ? "You" : this.botName;
  }

  /** What who reacted is called: in groups by the id of a person. */
  reactor(who) {
    if (who === "person" || who === this.#person) return "You";
    return this.#world.people.get(who)?.name ?? this.botName;
  }

  /** The line over a message of a group that says who wrote it. */
  author(data) {
    if (!this.#shownGroup || data.by === "person") return null;
    return authorLine(this.nameOf(data), data.by === "bot" ? 0 : colorOf(this.#world.people, data.author));
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
    const inGroup = Boolean(this.#shownGroup);
    const outside = inGroup && !this.#shownGroup.members.includes(this.#person);
    const words = data.text || data.caption;
    const editable = own && !inGroup && ["text", "image", "video", "document"].includes(data.kind) && !data.tapped;
    const item = (name, label, act) => ({ icon: name, words: label, act });
    openMenu(beside, {
      reactions: data.deleted || outside ? [] : this.traits.reactions,
      chosen: data.reactions[inGroup ? this.#person : "person"] ?? "",
      react: (emoji) => this.#act({ type: "react", bubble: data.id, emoji }),
      items: [
        !data.deleted && !outside && item("reply", "Reply", () => this.#composer.reply(data, this.nameOf(data))),
        words && item("copy", "Copy", () => navigator.clipboard?.writeText(words)),
        editable && !data.deleted && item("edit", "Edit", () => this.#composer.edit(data)),
        own && !inGroup && !data.deleted && item("erase", this.app === "whatsapp" ? "Delete for everyone" : "Unsend", () => this.#act({ type: "unsend", bubble: data.id })),
        item("traffic", "Traffic", () => this.#out.look(data.id)),
      ].filter(Boolean),
    });
  }

  // Drawing

  #drawPeople() {
    const chip = ({ id, name }) => {
      const thread = this.#world.thread(this.app, id);
      const unread = thread && id !== this.#person ? this.#unreadOf(id, thread) : 0;
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

  #unreadOf(person, thread) {
    const groups = this.traits.groups ? [...this.#world.groups.values()] : [];
    return groups.reduce((sum, group) => sum + unreadIn(person, group), this.#world.unread(thread));
  }

  /** Whom the chat is with. */
  #drawHead(account) {
    const group = this.#shownGroup;
    const name = group?.subject ?? account.name;
    this.#one(".name").textContent = name;
    this.#one(".talk").setAttribute("aria-label", `Messages ${group ? "in" : "with"} ${name} on ${this.traits.name}`);
    this.#one(".chat-head .avatar").replaceWith(group ? face(group) : make("span.avatar", { "aria-hidden": "true" }, icon("band")));
    const outside = group && (!group.members.includes(this.#person) ? "You are no longer in this group." : group.suspended && "WhatsApp has suspended this group.");
    this.#one(".outside").textContent = outside || "";
    this.#one(".outside").hidden = !outside;
    this.#composer.element.hidden = Boolean(outside);
  }

  #drawAccount() {
    const account = this.#world.accounts.get(this.app);
    if (!account) return;
    this.#drawHead(account);
    this.#drawAbout();
    this.#drawWelcome();
    this.#composer.commands = commandsOf(this.app, account.profile);
    this.#composer.hasMenu = this.#menuLines().length > 0;
    this.#drawChats();
  }

  #drawAbout() {
    const thread = this.#thread;
    if (!thread) return;
    if (this.#shownGroup) {
      const { members } = this.#shownGroup;
      const others = members.filter((id) => id !== this.#person).map((id) => this.#world.people.get(id)?.name.split(" ")[0]);
      this.#one(".about").textContent = members.includes(this.#person) ? [...others, this.botName, "You"].join(", ") : "Group";
      this.#one(".about").classList.remove("is-typing");
      return;
    }
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
    for (const bubble of this.#shown) this.#drawBubble(bubble);
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
    // What the app itself says in a group is only a line.
    const notice = { data, element: make("li.notice-line", { "data-id": data.id, dir: "auto" }, data.text), update() {} };
    const bubble = data.kind === "notice" ? notice : new Bubble(data, this);
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
      const joined = !newDay && before.data.by === data.by && before.data.author === data.author;
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
    const fresh = !this.#shownGroup && !this.#thread.started && !this.#thread.bubbles.size;
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
    const alone = { id: "", name: this.botName, face: make("span.avatar", { "aria-hidden": "true" }, icon("band")), last: this.#world.bubbles(thread).at(-1), unread: this.#world.unread(thread) };
    const groups = this.#groups.map((group) => ({ id: group.id, name: group.subject, face: face(group), last: seenBy(this.#person, group).at(-1), unread: unreadIn(this.#person, group) }));
    const chats = [alone, ...groups].sort((one, other) => (other.last?.at ?? 0) - (one.last?.at ?? 0));
    const words = ({ id, last }) => (last ? `${id && last.by !== "app" ? `${this.nameOf(last)}: ` : ""}${last.kind === "notice" ? last.text : summary(last)}` : "No messages yet");
    const held = this.#one(".chats-list").contains(document.activeElement) && document.activeElement.dataset.chat;
    this.#one(".chats-list").replaceChildren(...chats.map((chat) => make("li", {}, make(
      "button.chats-row", { type: "button", "data-chat": chat.id, on: { click: () => this.#enter(chat.id) } },
      chat.face,
      make("span.chats-words", {}, make("strong", {}, chat.name), make("span.soft", {}, words(chat))),
      make("span.chats-side", {}, chat.last && make("span.soft", {}, time(chat.last.at * 1000)), chat.unread > 0 && make("span.badge", { "aria-label": `${chat.unread} unread` }, String(chat.unread))),
    ))));
    if (typeof held === "string") this.#one(`[data-chat="${CSS.escape(held)}"]`)?.focus();
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
    if (this.#shownGroup) {
      this.#showTyping(false);
      return undefined;
    }
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
    if (this.#shownGroup) return this.#drawChats();
    this.#showBubbleChange(bubble, `${this.botName} on ${this.traits.name}`);
    return undefined;
  }

  #groupBubbleChanged({ group, bubble }) {
    this.#drawPeople();
    const seen = asSeenBy(this.#person, bubble);
    if (!seen || !this.#world.groups.has(group)) return;
    if (group === this.#group) this.#showBubbleChange(seen, `${this.nameOf(seen)} in ${this.#shownGroup.subject}`);
    else this.#drawChats();
  }

  #showBubbleChange(bubble, who) {
    const fresh = !this.#bubbles.has(bubble.id);
    const stay = fresh && (this.#stayed || bubble.by === "person");
    this.#drawBubble(bubble);
    this.#arrange();
    this.#drawChats();
    if (fresh) this.#drawWelcome();
    if (fresh && bubble.by === "app") announce(bubble.text);
    else if (fresh && bubble.by !== "person") announce(`${who}: ${summary(bubble)}`);
    if (stay) this.#toEnd();
  }

  #groupChanged({ id, members }) {
    this.#drawChats();
    if (this.#invite === id) this.openInvite(this.#world.groups.get(id).link);
    if (this.#opensNext === id && members.includes(this.#person)) this.#enter(id);
    else if (this.#group === id) this.#drawAccount();
    this.#tellGroup();
  }

  #groupGone(id) {
    if (this.#invite === id) this.sheet.close();
    if (this.#group === id) {
      this.#drafts.delete(`${this.#person} ${id}`);
      this.#composer.draft = "";
      this.#group = "";
      this.#drawThread();
      this.#drawAccount();
      this.#showChat(false);
      complain("This group was deleted.");
    }
    this.#drawPeople();
    this.#drawChats();
  }

  /** Open a group from the list, or the chat with the assistant: "". */
  #enter(group) {
    this.#opensNext = "";
    if (group !== this.#group) {
      this.#keepDraft();
      this.#group = group;
      this.#takeDraft();
      this.#drawThread();
      this.#drawAccount();
    }
    this.#showChat(true);
  }

  #showChat(on) {
    this.#inChat = on;
    this.#one(".chat").hidden = !on;
    this.#one(".chats").hidden = on;
    this.#drawChats();
    this.#tellOpen(this.#thread);
    this.#tellGroup();
    if (on) {
      this.#toEnd();
      this.#composer.focus();
    } else this.#one(`[data-chat="${CSS.escape(this.#group)}"]`)?.focus();
  }

  /** The emulator knows which chats are looked at: what arrives there is read. */
  #tellOpen(thread) {
    const open = this.#visible && this.#inChat && !this.#group && thread.person === this.#person;
    if (this.#told.get(thread.id) === open) return;
    if (this.#out.send({ type: "watch", thread: thread.id, open })) this.#told.set(thread.id, open);
  }

  /** The same for the group that is shown. */
  #tellGroup() {
    const looks = this.#visible && this.#inChat && this.#shownGroup;
    const now = looks ? { group: this.#group, person: this.#person } : null;
    const before = this.#toldGroup;
    if (before?.group === now?.group && before?.person === now?.person) return;
    if (before && this.#world.groups.has(before.group)) this.#out.send({ type: "watch", ...before, open: false });
    this.#toldGroup = !now || this.#out.send({ type: "watch", ...now, open: true }) ? now : null;
  }

  // Acting

  #act(message) {
    return this.#out.send({ ...this.#place, ...message });
  }

  /** What is shown, as the emulator names it. */
  get #place() {
    return this.#shownGroup ? { group: this.#group, person: this.#person } : { thread: this.#thread.id };
  }

  #sending() {
    const media = async (file, about) => {
      const place = this.#place;
      const blob = about.kind === "image" ? await asPhoto(file, this.traits.photos) : file;
      this.#out.upload(place, blob, { reply_to: "", ...about });
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

  #openAboutGroup(group) {
    const then = (act) => () => {
      this.sheet.close();
      act();
    };
    this.sheet.open(group.subject, ...particulars(group, this.#person, this.#world.people, this.botName, {
      copy: (link) => then(() => navigator.clipboard?.writeText(link))(),
      poll: then(() => this.#act({ type: "unsupported", what: "poll" })),
      traffic: then(() => this.#out.look(group.id)),
      suspend: then(() => this.#act({ type: "suspend_group", suspended: !group.suspended })),
      leave: then(() => this.#act({ type: "leave_group" })),
    }));
  }

  #askForInvite() {
    const form = make("form.sheet-form", {}, field("Invite link", { name: "link", required: true, maxlength: 300, inputmode: "url", placeholder: "https://chat.whatsapp.com/…" }), make("button.main", {}, "Open"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.openInvite(String(new FormData(form).get("link")));
    });
    this.sheet.open("Open an invite link", form);
  }

  /** What else a person can do in this chat: rarer things, worth trying. */
  #openAbout() {
    if (this.#shownGroup) {
      this.#openAboutGroup(this.#shownGroup);
      return;
    }
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
    this.#one(".chats-more").hidden = !this.traits.groups;
    this.#one(".chats-more").addEventListener("click", () => this.#askForInvite());
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
        if (data && !data.deleted && !this.#composer.element.hidden) this.#composer.reply(data, this.nameOf(data));
      },
    });
    this.#one(".bubbles").addEventListener("click", (event) => {
      const { target: hit } = event;
      const address = hit.closest("a")?.href;
      if (address && isInvite(address)) {
        event.preventDefault();
        this.#out.invite(this.#person, address);
        return;
      }
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
