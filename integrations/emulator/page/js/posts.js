// Posts of the Page and of the Instagram account, with what people wrote under them.

import { icon, make } from "./elements.js";
import { linked } from "./links.js";
import { day, time } from "./times.js";

const OURS = { messenger: "Page on Facebook", instagram: "Account on Instagram" };
const OTHERS = { messenger: "On Facebook", instagram: "On Instagram" };

export class Posts {
  #world;
  #out;
  #drawn = new Map();
  #writer = "";

  /**
   * @param {import("./world.js").World} world
   * @param {{send: function(object): boolean, look: function(string): void}} out
   */
  constructor(world, out) {
    this.#world = world;
    this.#out = out;
    this.element = make("section.posts", { "aria-label": "Posts", id: "posts" });
  }

  /** Draw all anew. */
  restore() {
    this.#drawn.clear();
    const people = [...this.#world.people.values()];
    if (!this.#world.people.has(this.#writer)) this.#writer = people[0]?.id ?? "";
    const choice = make("select", { on: { change: ({ target }) => { this.#writer = target.value; } } }, ...people.map(({ id, name }) => make("option", { value: id, selected: id === this.#writer }, name)));
    const names = [...this.#world.accounts.values()].filter(({ app }) => app !== "whatsapp").map((account) => mention(account));
    this.element.replaceChildren(
      make("header.posts-head", {}, make("label.writer", {}, "Write as", choice), make("p.soft", {}, `Name ${[...new Set(names)].join(" or ")} in a comment to be answered.`)),
      make("ul.post-list", {}),
    );
    for (const post of this.#world.posts.values()) this.#draw(post);
    if (!this.#world.posts.size) this.element.append(make("p.soft", {}, "There are no posts yet."));
  }

  /** Take in one change of the world. */
  apply(message) {
    if (message.type === "person" || message.type === "account") this.restore();
    if (message.type === "post") this.#draw(message.post);
  }

  #draw(post) {
    let card = this.#drawn.get(post.id);
    if (!card) {
      card = this.#card(post);
      this.#drawn.set(post.id, card);
      this.element.querySelector(".post-list").append(card);
    }
    const comments = post.comments.filter(({ deleted }) => !deleted);
    const list = card.querySelector(".comments");
    list.replaceChildren(...comments.filter(({ parent }) => !parent || !comments.some(({ id }) => id === parent)).map((comment) => this.#comment(post, comment, comments)));
    list.hidden = !comments.length;
    card.querySelector(".comment-count").textContent = comments.length === 1 ? "1 comment" : `${comments.length} comments`;
  }

  #card(post) {
    const account = this.#world.accounts.get(post.app);
    const input = make("input", { type: "text", name: "text", "aria-label": "Comment", placeholder: "Write a comment", maxlength: 8000, autocomplete: "off" });
    const answering = make("p.answering.soft", { hidden: true });
    const form = make("form.comment-form", { "data-parent": "" }, answering, input, make("button.plain.send", { "aria-label": "Send the comment" }, icon("send")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!input.value.trim()) return;
      if (this.#out.send({ type: "comment", post: post.id, person: this.#writer, text: input.value, parent: form.dataset.parent })) {
        input.value = "";
        form.dataset.parent = "";
        answering.hidden = true;
      }
    });
    const writer = this.#world.people.get(post.by)?.name ?? account.name;
    const name = make("button.link", { type: "button", on: { click: () => {
      input.value = `${mention(account)} ${input.value}`;
      input.focus();
    } } }, `Name ${mention(account)}`);
    return make(
      `li.post.app-${post.app}`, { "data-id": post.id },
      make("header.post-head", {}, make("span.avatar", { "aria-hidden": "true" }, icon(post.by ? "person" : "band")), make("div", {}, make("h2", {}, writer), make("p.soft", {}, `${(post.by ? OTHERS : OURS)[post.app]} · ${day(post.at * 1000)}`))),
      post.app === "messenger" && make("p.post-text", { dir: "auto" }, ...linked(post.text)),
      post.picture && make("img.post-picture", { src: post.picture, alt: "The picture of this post" }),
      post.app === "instagram" && make("p.post-text", { dir: "auto" }, make("strong", {}, `${writer} `), ...linked(post.text)),
      make("p.post-about.soft", {}, make("span.comment-count"), name),
      make("ul.comments"),
      form,
    );
  }

  #comment(post, comment, all) {
    const account = this.#world.accounts.get(post.app);
    const ours = !comment.person_id;
    const own = comment.person_id === this.#writer;
    const act = (words, run) => make("button.link", { type: "button", on: { click: run } }, words);
    return make(
      `li.comment${ours ? ".by-bot" : ""}${comment.hidden ? ".hidden-comment" : ""}`, { "data-id": comment.id },
      make("div.comment-words", {}, make("strong", {}, ours ? account.name : comment.name), make("p", { dir: "auto" }, ...linked(comment.text))),
      make(
        "p.comment-about.soft", {},
        make("span", {}, time(comment.at * 1000)),
        comment.hidden && make("span", {}, "hidden"),
        act("Reply", () => this.#reply(post, comment)),
        !ours && act(comment.hidden ? "Show" : "Hide", () => this.#out.send({ type: "hide_comment", post: post.id, comment: comment.id, hidden: !comment.hidden })),
        own && act("Delete", () => this.#out.send({ type: "delete_comment", post: post.id, comment: comment.id })),
        act("Traffic", () => this.#out.look(comment.id)),
      ),
      all.some(({ parent }) => parent === comment.id) && make("ul.comments", {}, ...all.filter(({ parent }) => parent === comment.id).map((one) => this.#comment(post, one, all))),
    );
  }

  #reply(post, comment) {
    const form = this.#drawn.get(post.id).querySelector(".comment-form");
    const line = form.querySelector(".answering");
    const account = this.#world.accounts.get(post.app);
    form.dataset.parent = comment.parent || comment.id;
    line.textContent = `Reply to ${comment.person_id ? comment.name : account.name}`;
    line.hidden = false;
    form.querySelector("input").focus();
  }
}

/** How people name the account in a comment. */
function mention({ name, username }) {
  return `@${username || name.replaceAll(/\s+/g, "")}`;
}
