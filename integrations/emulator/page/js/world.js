// The page's copy of the emulator's world: a snapshot, and the changes since.

export class World {
  people = new Map();
  accounts = new Map();
  threads = new Map();
  groups = new Map();
  posts = new Map();
  switches = {};

  /** Replace all by a snapshot. */
  restore({ people, accounts, threads, groups, posts, switches }) {
    const byId = (list) => new Map(list.map((one) => [one.id, one]));
    this.people = byId(people);
    this.accounts = new Map(accounts.map((one) => [one.app, one]));
    this.threads = byId(threads);
    this.groups = byId(groups);
    for (const chat of [...threads, ...groups]) chat.bubbles = byId(chat.bubbles);
    this.posts = byId(posts);
    this.switches = switches;
  }

  /** Take in one change. */
  apply(message) {
    const { type } = message;
    if (type === "person") this.people.set(message.person.id, message.person);
    if (type === "account") this.accounts.set(message.account.app, message.account);
    if (type === "post") this.posts.set(message.post.id, message.post);
    if (type === "switches") this.switches = message.switches;
    if (type === "thread") {
      const bubbles = this.threads.get(message.thread.id)?.bubbles ?? new Map();
      this.threads.set(message.thread.id, { ...message.thread, bubbles });
    }
    if (type === "group") {
      const bubbles = this.groups.get(message.group.id)?.bubbles ?? new Map();
      this.groups.set(message.group.id, { ...message.group, bubbles });
    }
    if (type === "group_gone") this.groups.delete(message.group);
    if (type === "bubble") (this.threads.get(message.thread) ?? this.groups.get(message.group))?.bubbles.set(message.bubble.id, message.bubble);
  }

  /** @returns {object|undefined} The thread of a person in an app. */
  thread(app, person) {
    return this.threads.get(`${app}:${person}`);
  }

  /** @returns {Array<object>} The bubbles of a thread, oldest first. */
  bubbles(thread) {
    return [...thread.bubbles.values()];
  }

  /** @returns {number} How many of the assistant's messages the person has not seen. */
  unread(thread) {
    return this.bubbles(thread).filter(({ by, status }) => by === "bot" && ["sent", "delivered"].includes(status)).length;
  }
}
