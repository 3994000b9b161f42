"""All that the emulator knows: accounts, people, their threads, media, posts, switches, traffic. In memory, bounded.

Everything runs in one event loop. What a person does is a method of `World`; each stores, notifies the subscribers
(the page), and emits an event (which becomes a webhook).
"""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any, Literal

from integrations.emulator import events
from integrations.emulator.things import (
    APPS,
    Account,
    ActionError,
    App,
    Bubble,
    Change,
    Comment,
    ContactCard,
    Exchange,
    Fault,
    Group,
    How,
    Kind,
    Media,
    Person,
    Place,
    Post,
    Progress,
    Switches,
    Tap,
    Thread,
)

# A status never goes back.
ORDER: tuple[Progress, ...] = ("sending", "sent", "delivered", "read", "played")

PEOPLE = 6
BUBBLES = 500
POSTS = 20
COMMENTS = 200
EXCHANGES = 2_000
MEDIA_FILES = 1_000
MEDIA_BYTES = 256 * 1024 * 1024
# As much as a document may have on WhatsApp.
FILE_BYTES = 100 * 1024 * 1024
TEXT_CHARACTERS = 65_536
# How long a typing mark is shown. WhatsApp's is documented, that of the others is recalled.
TYPING_SECONDS: dict[App, float] = {"whatsapp": 25, "messenger": 20, "instagram": 20}
# WhatsApp: fifteen minutes; Messenger: five times. Instagram's are recalled.
EDIT_SECONDS = 15 * 60
EDITS = 5
UNSEND_SECONDS = 2 * 24 * 3600


class World:
    """Accounts, people, threads, media, posts. One loop uses it; nothing here waits."""

    def __init__(self, accounts: dict[App, Account], url: str = "", people: int = PEOPLE) -> None:
        """`url` is where the emulator is reached, for links to media; `people` is how many there may be."""
        self.url = url
        self._most_people = people
        self.accounts = accounts
        self.people: dict[str, Person] = {}
        self.threads: dict[str, Thread] = {}
        # WhatsApp's; `groups.py` does what happens there.
        self.groups: dict[str, Group] = {}
        self.media: dict[str, Media] = {}
        self.posts: dict[str, Post] = {}
        self.switches = Switches()
        # The thread of each bubble, by the bubble's id.
        self._places: dict[str, Thread] = {}
        # The group of each bubble of a group.
        self.group_places: dict[str, Group] = {}
        self.exchanges: deque[Exchange] = deque(maxlen=EXCHANGES)
        self._numbers = count(1)
        self._exchange_numbers = count(1)
        self._subscribers: list[Callable[[Change], None]] = []
        self._listeners: list[Callable[[events.Event], None]] = []

    # Who listens

    def subscribe(self, callback: Callable[[Change], None]) -> Callable[[], None]:
        """Call it at every change, until the returned function is called."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    def on_event(self, callback: Callable[[events.Event], None]) -> None:
        """Call it with every event that a webhook tells of."""
        self._listeners.append(callback)

    def changed(self, change: Change) -> None:
        for callback in list(self._subscribers):
            callback(change)

    def emit(self, event: events.Event) -> None:
        for callback in list(self._listeners):
            callback(event)

    # The clock and ids

    def now(self) -> float:
        """Unix seconds of the emulator's clock, which the switch `ahead` moves."""
        return time.time() + self.switches.ahead

    def new_id(self, prefix: str) -> str:
        """An id that nobody takes for a real one."""
        return f"{prefix}emulated{next(self._numbers):06d}{secrets.token_hex(4)}"

    def new_number(self) -> str:
        """An id of digits, as Meta gives to people, files and posts; it begins with nines."""
        return f"99990{next(self._numbers):06d}{secrets.randbelow(10**6):06d}"

    def message_id(self, app: App) -> str:
        return self.new_id({"whatsapp": "wamid.", "messenger": "m_", "instagram": "ig_"}[app])

    # People, threads, media

    def add_person(self, name: str, phone: str = "", username: str = "", country: str = "DE") -> Person:
        """One more person, with a thread in each app. Raises ActionError when there are too many."""
        if len(self.people) >= self._most_people:
            raise ActionError(f"There are {self._most_people} people already.")
        number = len(self.people) + 1
        person = Person(
            id=f"person{number}",
            name=name[:100] or f"Person {number}",
            phone=phone,
            username=username[:50],
            user_id=f"{country}.{self.new_number()}",
            psid=self.new_number(),
            igsid=self.new_number(),
        )
        self.people[person.id] = person
        for app in APPS:
            thread = Thread(id=f"{app}:{person.id}", app=app, person=person)
            self.threads[thread.id] = thread
        self.changed(Change("person", person=person))
        return person

    def thread(self, app: App, person: Person) -> Thread:
        return self.threads[f"{app}:{person.id}"]

    def find(self, app: App, recipient: str) -> Thread | None:
        """The thread with who is known there by this id (or phone number), or None."""
        digits = recipient.lstrip("+").replace(" ", "").replace("-", "")
        for person in self.people.values():
            if app == "whatsapp":
                known = recipient == person.user_id or (person.phone != "" and digits == person.phone)
            else:
                known = recipient == (person.psid if app == "messenger" else person.igsid)
            if known:
                return self.thread(app, person)
        return None

    def find_bubble(self, app: App, bubble_id: str) -> tuple[Thread, Bubble] | None:
        """A bubble of an app with its thread, or None."""
        thread = self._places.get(bubble_id)
        bubble = thread.bubble(bubble_id) if thread and thread.app == app else None
        return (thread, bubble) if thread and bubble else None

    def add_media(
        self, data: bytes, mime: str, name: str = "", owner: Literal["person", "bot"] = "person", voice: bool = False
    ) -> Media:
        """Keep a file; the oldest are dropped when there are too many. Raises ActionError when it is too large."""
        if len(data) > FILE_BYTES:
            raise ActionError(f"A file may have {FILE_BYTES // 2**20} MB.")
        media = Media(self.new_number(), data, mime, name[:240], self.now(), owner, voice)
        self.media[media.id] = media
        while len(self.media) > MEDIA_FILES or sum(len(kept.data) for kept in self.media.values()) > MEDIA_BYTES:
            del self.media[next(iter(self.media))]
        return media

    def media_url(self, media_id: str) -> str:
        """Where the page, and the product, read a file. Only this machine answers there."""
        return f"{self.url}/emulator/media/{media_id}" if media_id else ""

    # What a person does

    def write(self, thread: Thread, text: str, reply_to: str | None = None) -> Bubble:
        """Send words."""
        if not text.strip():
            raise ActionError("There is nothing to send.")
        return self._from_person(thread, "text", text=text[:TEXT_CHARACTERS], reply_to=reply_to)

    def send_media(
        self,
        thread: Thread,
        kind: Kind,
        data: bytes,
        mime: str,
        name: str = "",
        caption: str = "",
        voice: bool = False,
        reply_to: str | None = None,
    ) -> Bubble:
        """Send a picture, video, audio, document or sticker; `voice` for one that was recorded in the chat."""
        if kind not in ("image", "video", "audio", "document", "sticker"):
            raise ActionError(f"{kind} is no kind of media.")
        media = self.add_media(data, mime, name, voice=voice)
        animated = kind == "sticker" and b"ANIM" in data[:64]
        return self._from_person(
            thread,
            kind,
            media_id=media.id,
            caption=caption[:TEXT_CHARACTERS],
            voice=voice,
            animated=animated,
            reply_to=reply_to,
        )

    def send_place(
        self, thread: Thread, latitude: float, longitude: float, name: str = "", address: str = ""
    ) -> Bubble:
        """Send a place."""
        if thread.app == "instagram":
            raise ActionError("Instagram sends no places.")
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            raise ActionError("There is no such place.")
        return self._from_person(thread, "location", place=Place(latitude, longitude, name[:1000], address[:1000]))

    def send_contact(self, thread: Thread, name: str, phone: str = "", email: str = "") -> Bubble:
        """Send the card of somebody."""
        if thread.app != "whatsapp":
            raise ActionError("Only WhatsApp sends contact cards.")
        card = ContactCard(name[:1000], [phone[:100]] if phone else [], [email[:200]] if email else [])
        return self._from_person(thread, "contacts", contacts=[card])

    def send_link(self, thread: Thread, link: str, title: str = "") -> Bubble:
        """Share a page or a post (Messenger and Instagram have a kind of their own for it)."""
        if thread.app == "whatsapp":
            return self.write(thread, link)
        return self._from_person(thread, "link", link=link[:2000], text=title[:1000])

    def send_unsupported(self, thread: Thread, what: str = "poll") -> Bubble:
        """Send what the API cannot carry, such as a poll."""
        return self._from_person(thread, "unsupported", text=what[:100])

    def reply_to_story(self, thread: Thread, text: str) -> Bubble:
        """Answer to a story of the account (Instagram)."""
        if thread.app != "instagram":
            raise ActionError("Only Instagram has stories here.")
        return self._from_person(thread, "text", text=text[:TEXT_CHARACTERS], story=self.new_id("story_"))

    def react(self, thread: Thread, bubble_id: str, emoji: str) -> Bubble:
        """React to a message of either side; it replaces the reaction before."""
        bubble = self._bubble(thread, bubble_id)
        if not emoji:
            return self.unreact(thread, bubble_id)
        bubble.reactions["person"] = emoji[:32]
        self._touch(thread)
        self.changed(Change("bubble", thread=thread, bubble=bubble))
        self.emit(events.Reacted(thread, bubble, emoji[:32]))
        return bubble

    def unreact(self, thread: Thread, bubble_id: str) -> Bubble:
        """Take the reaction back."""
        bubble = self._bubble(thread, bubble_id)
        former = bubble.reactions.pop("person", None)
        if former is None:
            raise ActionError("There is no reaction to take back.")
        self.changed(Change("bubble", thread=thread, bubble=bubble))
        self.emit(events.Reacted(thread, bubble, None, former))
        return bubble

    def edit(self, thread: Thread, bubble_id: str, text: str) -> Bubble:
        """Change the words of a message of one's own."""
        bubble = self._own(thread, bubble_id)
        if not text.strip():
            raise ActionError("There is nothing to send.")
        if bubble.kind not in ("text", "image", "video", "document") or self.now() - bubble.at > EDIT_SECONDS:
            raise ActionError("This message can no longer be changed.")
        if bubble.edits >= EDITS:
            raise ActionError(f"A message can be changed {EDITS} times.")
        if bubble.kind == "text":
            bubble.text = text[:TEXT_CHARACTERS]
        else:
            bubble.caption = text[:TEXT_CHARACTERS]
        bubble.edits += 1
        self.changed(Change("bubble", thread=thread, bubble=bubble))
        self.emit(events.Edited(thread, bubble))
        return bubble

    def unsend(self, thread: Thread, bubble_id: str) -> Bubble:
        """Delete a message of one's own for everybody. What stood there is gone here too."""
        bubble = self._own(thread, bubble_id)
        if self.now() - bubble.at > UNSEND_SECONDS:
            raise ActionError("This message can no longer be deleted.")
        bubble.deleted = True
        bubble.text = bubble.caption = ""
        self.media.pop(bubble.media_id, None)
        bubble.media_id = ""
        self.changed(Change("bubble", thread=thread, bubble=bubble))
        self.emit(events.Unsent(thread, bubble))
        return bubble

    def tap(self, thread: Thread, bubble_id: str, payload: str) -> Bubble:
        """Tap a button, a row of a list, a quick reply or a button of a card, by its payload."""
        bubble = self._bubble(thread, bubble_id)
        tap = _tap_of(thread.app, bubble, payload)
        if tap is None:
            raise ActionError("There is no such button.")
        return self._from_person(
            thread, "text", text=tap.title, tapped=tap, reply_to=bubble.id if thread.app == "whatsapp" else None
        )

    def open_chat(self, thread: Thread, ref: str = "", payload: str = "") -> Bubble | None:
        """Get started, a link with a `ref`, or an ice breaker or a line of the menu by its `payload`.

        The first opening of a thread sends what the account set as "get started". A link into a thread that is there
        already only tells of its ref; the bubble is None then. On WhatsApp a link has words, which are sent.
        """
        if thread.app == "whatsapp":
            return self.write(thread, ref or payload or "Hello")
        account = self.accounts[thread.app]
        title = "Get started"
        if payload:
            title = _menu_title(account.profile, payload)
        elif not thread.started:
            payload = str(account.profile.get("get_started", {}).get("payload", ""))
        if not payload:
            thread.started = True
            self._touch(thread)
            self.changed(Change("thread", thread=thread))
            self.emit(events.Opened(thread, ref))
            return None
        return self._from_person(thread, "text", text=title, tapped=Tap("postback", payload, title, ref=ref))

    def rate(self, thread: Thread, bubble_id: str, good: bool) -> Bubble:
        """Thumbs up or down under a message of the assistant (Messenger)."""
        bubble = self._bubble(thread, bubble_id)
        if thread.app != "messenger" or bubble.by != "bot":
            raise ActionError("Only the assistant's messages on Messenger have thumbs.")
        bubble.rating = "good" if good else "bad"
        self.changed(Change("bubble", thread=thread, bubble=bubble))
        self.emit(events.Rated(thread, bubble, good))
        return bubble

    def read(self, thread: Thread) -> None:
        """The person looks at the thread: all that arrived is read."""
        unread = [bubble for bubble in thread.bubbles if bubble.by == "bot" and bubble.status == "delivered"]
        for bubble in unread:
            self.advance(thread, bubble, "read")
        if unread:
            self.emit(events.Seen(thread, unread[-1]))

    def play(self, thread: Thread, bubble_id: str) -> Bubble:
        """The person listens to a voice message of the assistant (WhatsApp tells of it)."""
        bubble = self._bubble(thread, bubble_id)
        if bubble.by != "bot" or not bubble.voice:
            raise ActionError("There is nothing to listen to.")
        self.advance(thread, bubble, "played")
        return bubble

    def set_open(self, thread: Thread, is_open: bool) -> None:
        """Whether the phone shows the thread."""
        thread.open = is_open
        self.changed(Change("thread", thread=thread))
        if is_open:
            self.read(thread)

    def set_blocked(self, thread: Thread, blocked: bool) -> None:
        """Whether the person has blocked the assistant: sends fail then."""
        thread.blocked = blocked
        self.changed(Change("thread", thread=thread))

    def change_number(self, person: Person, phone: str) -> None:
        """The person moves to another phone number (WhatsApp)."""
        former, person.phone = person.phone, phone
        self.changed(Change("person", person=person))
        self.emit(events.NumberChanged(person, former))

    def change_user_id(self, person: Person) -> None:
        """WhatsApp gives the person another business-scoped id."""
        country = person.user_id.partition(".")[0]
        former, person.user_id = person.user_id, f"{country}.{self.new_number()}"
        self.changed(Change("person", person=person))
        self.emit(events.UserIdChanged(person, former))

    # The feed

    def add_post(
        self, app: App, text: str, picture: bytes = b"", mime: str = "image/png", by: Person | None = None
    ) -> Post:
        """A post of the Page or of the Instagram account, or one of a person's own, where we can be named."""
        if app == "whatsapp":
            raise ActionError("WhatsApp has no posts.")
        media = self.add_media(picture, mime, owner="bot").id if picture else ""
        post_id = self.new_number()
        # A Page's posts are named by the Page and a number.
        owner = by.psid if by else self.accounts[app].id
        post_id = f"{owner}_{post_id}" if app == "messenger" else post_id
        post = Post(post_id, app, text[:TEXT_CHARACTERS], self.now(), media, by.id if by else "")
        self.posts[post_id] = post
        while len(self.posts) > POSTS:
            del self.posts[next(iter(self.posts))]
        self.changed(Change("post", post=post))
        return post

    def comment(self, post: Post, person: Person, text: str, parent: str = "") -> Comment:
        """Write under a post, or under a comment there."""
        if not text.strip():
            raise ActionError("There is nothing to send.")
        if parent and not any(comment.id == parent for comment in post.comments):
            raise ActionError("There is no such comment.")
        return self.add_comment(post, text, parent, person)

    def add_comment(self, post: Post, text: str, parent: str = "", person: Person | None = None) -> Comment:
        """Store a comment, of a person or of the assistant. Raises ActionError when there are too many."""
        if len(post.comments) >= COMMENTS:
            raise ActionError(f"There are {COMMENTS} comments already.")
        comment_id = self.new_number()
        if post.app == "messenger":
            comment_id = f"{post.id.partition('_')[2]}_{comment_id}"
        name = "" if person is None else (person.name if post.app == "messenger" else person.handle)
        comment = Comment(
            comment_id, text[:TEXT_CHARACTERS], self.now(), person.id if person else "", name, parent=parent
        )
        post.comments.append(comment)
        self.changed(Change("post", post=post))
        self.emit(events.Commented(post, comment))
        return comment

    def edit_comment(self, post: Post, comment_id: str, text: str) -> Comment:
        comment = self._comment(post, comment_id)
        comment.text = text[:TEXT_CHARACTERS]
        return self._moderated(post, comment, "edited")

    def hide_comment(self, post: Post, comment_id: str, hidden: bool = True) -> Comment:
        comment = self._comment(post, comment_id)
        comment.hidden = hidden
        return self._moderated(post, comment, "hide" if hidden else "unhide")

    def delete_comment(self, post: Post, comment_id: str) -> Comment:
        comment = self._comment(post, comment_id)
        comment.deleted = True
        comment.text = ""
        return self._moderated(post, comment, "remove")

    def find_comment(self, app: App, comment_id: str) -> tuple[Post, Comment] | None:
        for post in self.posts.values():
            for comment in post.comments:
                if post.app == app and comment.id == comment_id and not comment.deleted:
                    return post, comment
        return None

    # What the assistant does, once the API has taken it

    def add_from_bot(self, thread: Thread, bubble: Bubble) -> None:
        """Show a message of the assistant: sent, then delivered, then read where the phone is open."""
        self._append(thread, bubble)
        thread.typing_until = 0
        self.changed(Change("thread", thread=thread))
        self.emit(events.Sent(thread, bubble))

    def undeliverable(self, bubble: Bubble, recipient: str, fault: Fault) -> None:
        """A message was taken for a number that nobody has: a status says so in a moment."""
        event = events.Undeliverable(bubble.id, recipient, fault, bubble.metadata)
        asyncio.get_running_loop().call_later(0.05, self.emit, event)

    def react_from_bot(self, thread: Thread, bubble: Bubble, emoji: str) -> None:
        """The assistant reacts; no `emoji` takes the reaction back."""
        if emoji:
            bubble.reactions["bot"] = emoji
        else:
            bubble.reactions.pop("bot", None)
        self.changed(Change("bubble", thread=thread, bubble=bubble))

    def mark_read_by_bot(self, thread: Thread, bubble_id: str) -> None:
        """The assistant has read the person's messages up to this one."""
        thread.seen_by_bot = bubble_id
        for bubble in thread.bubbles:
            if bubble.by == "person" and bubble.status != "read":
                self.advance(thread, bubble, "read")
            if bubble.id == bubble_id:
                break
        self.changed(Change("thread", thread=thread))

    def show_typing(self, thread: Thread, on: bool = True) -> None:
        """The assistant types; the mark goes after a while by itself, or with the next message."""
        seconds = TYPING_SECONDS[thread.app] if on else 0
        thread.typing_until = time.time() + seconds if on else 0
        self.changed(Change("thread", thread=thread))
        if on:
            asyncio.get_running_loop().call_later(seconds + 0.05, self._typing_ends, thread)

    def advance(self, thread: Thread, bubble: Bubble, status: Progress, fault: Fault | None = None) -> bool:
        """Move a message on; never back. False where it was there already."""
        if bubble.status == "failed" or (status != "failed" and ORDER.index(status) <= ORDER.index(bubble.status)):
            return False
        bubble.status = status
        bubble.fault = fault
        bubble.marks[status] = self.now()
        self.changed(Change("bubble", thread=thread, bubble=bubble))
        if bubble.by == "bot":
            self.emit(events.Status(thread, bubble, status))
        return True

    def set_profile(self, app: App, values: dict[str, Any]) -> None:
        """Menu, ice breakers and the like, as they came over the API; None deletes one."""
        account = self.accounts[app]
        for name, value in values.items():
            if value is None:
                account.profile.pop(name, None)
            else:
                account.profile[name] = value
        self.changed(Change("account", account=account))

    # Switches and traffic

    def switch(self, /, **values: object) -> Switches:
        """Set switches by name. Raises ActionError for unknown ones and for values out of bounds."""
        for name, value in values.items():
            now = vars(self.switches).get(name)
            value = float(value) if type(now) is float and type(value) is int else value
            if now is None:
                raise ActionError(f"There is no switch {name}.")
            if type(value) is not type(now):
                raise ActionError(f"{name} takes another kind of value.")
            if name in Switches.BOUNDS and not 0 <= value <= Switches.BOUNDS[name]:  # type: ignore[operator]
                raise ActionError(f"{name} must be between 0 and {Switches.BOUNDS[name]}.")
            setattr(self.switches, name, value)
        self.changed(Change("switches"))
        return self.switches

    def record(self, exchange: Exchange) -> Exchange:
        """Keep an exchange, the oldest ones are dropped; `answered` follows where its answer comes later."""
        self.exchanges.append(exchange)
        self.changed(Change("traffic", exchange=exchange))
        return exchange

    def answered(self, exchange: Exchange) -> None:
        """An exchange that is kept already has its answer."""
        self.changed(Change("traffic", exchange=exchange))

    def next_exchange(self) -> int:
        return next(self._exchange_numbers)

    def traffic(self, bubble_id: str) -> list[Exchange]:
        """The raw exchanges that belong to a bubble (or a comment), oldest first: its webhooks, sends, uploads."""
        found = self.find_any(bubble_id)
        ids = {bubble_id, found.media_id} - {""} if found else {bubble_id}
        return [exchange for exchange in self.exchanges if ids & set(exchange.about)]

    def find_any(self, bubble_id: str) -> Bubble | None:
        """A bubble of any thread or group."""
        place = self._places.get(bubble_id) or self.group_places.get(bubble_id)
        return place.bubble(bubble_id) if place else None

    # Helps

    def _from_person(self, thread: Thread, kind: Kind, reply_to: str | None = None, **values: Any) -> Bubble:
        if reply_to:
            self._bubble(thread, reply_to)
        if thread.blocked:
            raise ActionError("This person has blocked the assistant.")
        bubble = Bubble(self.message_id(thread.app), "person", kind, self.now(), reply_to=reply_to or "", **values)
        bubble.status = "sent"
        thread.started = True
        self._touch(thread)
        self._append(thread, bubble)
        self.emit(events.Wrote(thread, bubble))
        return bubble

    def _append(self, thread: Thread, bubble: Bubble) -> None:
        thread.bubbles.append(bubble)
        self._places[bubble.id] = thread
        while len(thread.bubbles) > BUBBLES:
            del self._places[thread.bubbles.pop(0).id]
        self.changed(Change("bubble", thread=thread, bubble=bubble))

    def _touch(self, thread: Thread) -> None:
        thread.last_from_person = self.now()

    def _bubble(self, thread: Thread, bubble_id: str) -> Bubble:
        bubble = thread.bubble(bubble_id)
        if bubble is None or bubble.deleted:
            raise ActionError("There is no such message.")
        return bubble

    def _own(self, thread: Thread, bubble_id: str) -> Bubble:
        bubble = self._bubble(thread, bubble_id)
        if bubble.by != "person":
            raise ActionError("This message is the assistant's.")
        return bubble

    def _comment(self, post: Post, comment_id: str) -> Comment:
        for comment in post.comments:
            if comment.id == comment_id and not comment.deleted:
                return comment
        raise ActionError("There is no such comment.")

    def _moderated(self, post: Post, comment: Comment, verb: events.Verb) -> Comment:
        self.changed(Change("post", post=post))
        self.emit(events.Commented(post, comment, verb))
        return comment

    def _typing_ends(self, thread: Thread) -> None:
        if thread.typing_until and thread.typing_until <= time.time():
            thread.typing_until = 0
            self.changed(Change("thread", thread=thread))


def _tap_of(app: App, bubble: Bubble, payload: str) -> Tap | None:
    """What stands on a bubble under this payload, or None."""
    for button in bubble.quick_replies:
        if button.payload == payload:
            return Tap("quick_reply", payload, button.title)
    for button in [*bubble.buttons, *(button for card in bubble.cards for button in card.buttons)]:
        if button.payload == payload and not button.url:
            how: How = "postback" if app != "whatsapp" else "template_button" if bubble.kind == "template" else "button"
            return Tap(how, payload, button.title)
    for section in bubble.sections:
        for row in section.rows:
            if row.payload == payload:
                return Tap("list", payload, row.title, row.description)
    return None


def _menu_title(profile: dict[str, Any], payload: str) -> str:
    """What stands on the ice breaker or the line of the menu with this payload."""
    lines: list[Any] = []
    for group in [*profile.get("ice_breakers", []), *profile.get("persistent_menu", [])]:
        lines += group.get("call_to_actions") or [group]
    for line in lines:
        if line.get("payload") == payload:
            return str(line.get("question") or line.get("title") or payload)
    if profile.get("get_started", {}).get("payload") == payload:
        return "Get started"
    raise ActionError("There is no such line in the menu.")
