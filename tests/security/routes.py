"""Every route of the site, read from its URL configuration, and how it may be called."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.security.attacks import Talk

NOTHING = UUID("00000000-0000-4000-8000-000000000000")


@dataclass(frozen=True)
class Route:
    """`name` with its namespace, and an address it answers to."""

    name: str
    path: str


def routes() -> list[Route]:
    """All routes; what an address must name is filled in with something that does not exist."""
    return list(_routes(get_resolver().url_patterns, "/", ""))


def _routes(patterns: list[URLPattern | URLResolver], path: str, space: str) -> Iterator[Route]:
    for pattern in patterns:
        here = path + _example(str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, here, f"{pattern.namespace}:" if pattern.namespace else space)
        else:
            yield Route(f"{space}{pattern.name or here}", here)


def _example(pattern: str) -> str:
    """An address for a pattern of path() or re_path()."""
    text = re.sub(r"<uuid:\w+>", str(NOTHING), pattern)
    text = re.sub(r"<int:\w+>", "100000000", text)
    text = re.sub(r"<(?:path|str):\w+>", "1", text)
    text = re.sub(r"\(\?P<\w+>(?:\w+\|)+(\w+)\)", r"\1", text)
    text = re.sub(r"\(\?P<\w+>[^)]*\)", "1", text)
    assert "<" not in text, f"an address for {pattern} is needed"
    return text.removeprefix("^").removesuffix("$")


@dataclass(frozen=True)
class Owned:
    """A route that names somebody's object. `data` makes the owner's call succeed with `status`."""

    method: str
    argument: Callable[[Talk], UUID | int]
    status: int
    data: Callable[[], dict[str, Any]] = field(default=dict)
    # What the address names beside the object.
    more: tuple[str, ...] = ()
    # What else it names of the same person's.
    second: Callable[[Talk], UUID] | None = None
    # The id of something that does not exist.
    missing: Callable[[], UUID | int] = uuid4

    def path(self, name: str, talk: Talk | None) -> str:
        """Its address for something of a talk, or for what does not exist."""
        second = [self.second(talk) if talk else uuid4()] if self.second else []
        return reverse(name, args=[self.argument(talk) if talk else self.missing(), *second, *self.more])


def conversation(talk: Talk) -> UUID:
    return talk.conversation.id


def question(talk: Talk) -> UUID:
    return talk.question.id


def answer(talk: Talk) -> UUID:
    return talk.answer.id


def run(talk: Talk) -> UUID:
    return talk.run.id


def picture(talk: Talk) -> UUID:
    return talk.picture.id


def attachment(talk: Talk) -> UUID:
    return talk.attachment.id


def photo(talk: Talk) -> UUID:
    return talk.photo.id


def memory(talk: Talk) -> UUID:
    return talk.memory.id


def api_key(talk: Talk) -> UUID:
    return talk.api_key.id


def contact(talk: Talk) -> int:
    return talk.contact.pk


def link(talk: Talk) -> UUID:
    return talk.link.pk


def room(talk: Talk) -> UUID:
    return talk.together.room.pk


def room_picture(talk: Talk) -> UUID:
    return talk.together.picture.pk


def room_message(talk: Talk) -> UUID:
    return talk.together.said.pk


def room_file(talk: Talk) -> UUID:
    return talk.together.file.pk


def words() -> dict[str, Any]:
    return {"text": "Something else", "id": str(uuid4())}


# One line for each route with an id in it, or several where one address does several things.
OWNED: list[tuple[str, Owned]] = [
    ("conversation", Owned("GET", conversation, 200)),
    ("messages", Owned("GET", conversation, 200)),
    ("messages", Owned("POST", conversation, 302, words)),
    ("rename", Owned("POST", conversation, 302, lambda: {"title": "Mine now"})),
    ("export_markdown", Owned("GET", conversation, 200)),
    ("export_json", Owned("GET", conversation, 200)),
    ("message_text", Owned("GET", question, 200)),
    ("message_text", Owned("GET", answer, 200)),
    ("sentences", Owned("GET", answer, 200)),
    # Where there is a voice: test_aloud.py.
    ("read_sentence", Owned("POST", answer, 404, more=("0",))),
    ("edit", Owned("POST", question, 302, words)),
    ("retry", Owned("POST", answer, 302, lambda: {"id": str(uuid4())})),
    ("show_version", Owned("POST", answer, 302)),
    ("feedback", Owned("POST", answer, 302, lambda: {"good": "0", "word": "Bad"})),
    ("stop", Owned("POST", run, 302)),
    ("source_icon", Owned("GET", run, 204)),
    ("delete", Owned("POST", conversation, 302)),
    ("share_conversation", Owned("GET", conversation, 200)),
    ("share_conversation", Owned("POST", conversation, 302)),
    ("unshare_conversation", Owned("POST", conversation, 302)),
    ("attachment", Owned("GET", attachment, 200)),
    ("attachment_text", Owned("GET", attachment, 200)),
    ("attachment_picture", Owned("GET", photo, 200)),
    ("discard_attachment", Owned("POST", attachment, 302)),
    ("edit_memory", Owned("POST", memory, 302, lambda: {"text": "Mine now"})),
    ("erase_memory", Owned("POST", memory, 302)),
    ("revoke_api_key", Owned("POST", api_key, 302)),
    ("agree_to_link", Owned("POST", link, 302)),
    ("decline_link", Owned("POST", link, 302)),
    ("disconnect_app", Owned("POST", contact, 302, missing=lambda: 10**9)),
    ("picture", Owned("GET", picture, 200)),
    ("picture_file", Owned("GET", picture, 200, more=("picture.jpg",))),
    # Where a model sees: test_pictures_asked.py.
    ("ask_about_picture", Owned("POST", picture, 400)),
    ("vary_picture", Owned("POST", picture, 302, lambda: {"count": "2"})),
    ("restyle_picture", Owned("POST", picture, 302, lambda: {"style": "watercolor"})),
    ("edit_picture", Owned("POST", picture, 302, lambda: {"words": "with a hat"})),
    ("animate_picture", Owned("POST", picture, 302, lambda: {"motion": "gentle", "seconds": "2"})),
    ("redraw_picture", Owned("POST", picture, 302)),
    ("stop_picture", Owned("POST", picture, 302)),
    ("share_picture", Owned("POST", picture, 302, lambda: {"shows_prompt": "1"})),
    ("unshare_picture", Owned("POST", picture, 302)),
    ("delete_picture", Owned("POST", picture, 302)),
    ("room", Owned("GET", room, 200)),
    ("room_messages", Owned("GET", room, 200)),
    ("room_messages", Owned("POST", room, 302, words)),
    ("room_sheet", Owned("GET", room, 200)),
    ("room_code", Owned("GET", room, 200)),
    ("ask_vote", Owned("GET", room, 200)),
    ("ask_vote", Owned("POST", room, 302, lambda: {"question": "When?", "option": ["Friday", "Saturday"]})),
    ("edit_in_room", Owned("GET", room, 200, second=room_message)),
    ("edit_in_room", Owned("POST", room, 302, words, second=room_message)),
    ("room_picture", Owned("GET", room, 200, second=room_picture, more=("picture.jpg",))),
    ("room_file", Owned("GET", room, 200, second=room_file)),
    # With a file: tests/web/rooms/test_attaching.py.
    ("attach_in_room", Owned("POST", room, 400)),
    ("discard_in_room", Owned("POST", room, 404, second=room_file)),
    ("stop_in_room", Owned("POST", room, 302)),
    ("change_room", Owned("POST", room, 302, lambda: {"do": "rename", "title": "Mine now"})),
    ("change_room", Owned("POST", room, 302, lambda: {"do": "lock"})),
    ("change_room", Owned("POST", room, 302, lambda: {"do": "invite"})),
    ("change_room", Owned("POST", room, 302, lambda: {"do": "mute"})),
    ("change_room", Owned("POST", room, 302, lambda: {"do": "leave"})),
    ("change_room", Owned("POST", room, 302, lambda: {"do": "end"})),
    # What they name beside the room is tried in tests/web/rooms/test_room_pages.py.
    ("unsay", Owned("POST", room, 404)),
    ("vote", Owned("POST", room, 404)),
    ("react", Owned("POST", room, 404)),
]

# Routes that name nobody's object, each with the reason why strangers may call it.
OPEN: dict[str, str] = {
    "start": "begins a conversation for whoever asks; limits in test_limits.py",
    "history": "lists what is the visitor's own; test_ownership.py",
    "attach": "takes a file of the visitor's; test_attachments.py",
    "dictate": "writes down what the visitor says; test_dictation.py",
    "imagine": "shows what is the visitor's own, and draws for whoever asks; test_uploads.py",
    "imagine_begin": "makes the visitor a guest; limits in test_limits.py",
    "draw_pictures": "draws for whoever asks; test_uploads.py",
    "keep_preview": "looks in the visitor's own history; test_uploads.py",
    "finish_preview": "looks in the visitor's own history; test_uploads.py",
    "grow_history": "looks in the visitor's own history; test_uploads.py",
    "upload_picture": "takes a picture of the visitor's; test_uploads.py",
    "ideas": "suggests to whoever asks, out of what they typed",
    "gallery": "lists what is the visitor's own; test_uploads.py",
    "shared": "the link is the right; test_shares.py",
    "shared_file": "the link is the right; test_shares.py",
    "report_share": "everybody with the link may; test_shares.py",
    "shared_conversation": "the link is the right; test_shared_conversations.py",
    "shared_conversation_file": "the link is the right; test_shared_conversations.py",
    "report_conversation": "everybody with the link may; test_shared_conversations.py",
    "continue_conversation": "copies what the link shows for whoever asks; test_shared_conversations.py",
    "invitation": "the link is the right; tests/web/rooms/test_invitations.py",
    "new_room": "makes a room for whoever asks, of what is their own; tests/web/rooms/test_invitations.py",
    "about": "the same for everybody",
    "leave": "shows what was signed here, the same to everybody; test_leaving.py",
    "alive": "says ok",
    "ready": "three yes or no, without a word about anybody",
    "robots": "the same for everybody",
    "you": "shows what is the visitor's own; test_ownership.py",
    "agree": "keeps the visitor's own yes; test_terms.py",
    "instructions": "keeps the visitor's own; tests/web/accounts/test_privacy.py",
    "memory": "shows and adds to what is the visitor's own; tests/web/accounts/test_memory.py",
    "switch_memory": "the visitor's own; tests/web/accounts/test_memory.py",
    "erase_memories": "the visitor's own; tests/web/accounts/test_memory.py",
    "api_keys": "shows and makes what is the visitor's own; tests/web/accounts/test_api_keys.py",
    "export": "packs what is the visitor's own; test_ownership.py",
    "erase": "erases the visitor; test_ownership.py",
    "erased": "the same for everybody",
    "apps": "shows what is the visitor's own; tests/web/accounts/test_apps.py",
    "make_link_code": "makes a code of the visitor's own; test_linking.py",
    "accept_link": "the address is the right, and its other side agrees after; test_linking.py",
    "deletion": "the code is the right; tests/integrations/test_callbacks.py",
    "account_login": "the door; limits and guesses in tests/web/accounts/test_allauth.py",
    "account_signup": "the door; tests/web/accounts/test_allauth.py",
    "account_logout": "ends the visitor's own session, by POST with a token",
    "account_inactive": "the same for everybody",
    "account_reauthenticate": "asks for the visitor's own password",
    "account_email": "the visitor's own addresses",
    "account_email_verification_sent": "the same for everybody",
    "account_change_password": "the visitor's own password",
    "account_set_password": "the visitor's own password",
    "account_reset_password": "sends a link to the address's owner; tests/web/accounts/test_allauth.py",
    "account_reset_password_done": "the same for everybody",
    "account_reset_password_from_key": "the key is the right; tests/web/accounts/test_allauth.py",
    "account_reset_password_from_key_done": "the same for everybody",
    "account_confirm_email": "the key is the right; tests/web/accounts/test_allauth.py",
    "account_confirm_login_code": "codes are switched off: it leads to the door",
}

# Routes that programs of others call: what they send is signed, so it comes without a page's token.
SIGNED: dict[str, str] = {
    "webhook": "signed by Meta; tests/integrations/test_webhook.py",
    "deauthorize": "signed by Meta; tests/integrations/test_callbacks.py",
    "delete_data": "signed by Meta; tests/integrations/test_callbacks.py",
}

# Routes that programs of people call with a key, which comes in a header: no page's token goes with it.
KEYED: dict[str, str] = {
    "api_completions": "the key is the right; test_api.py",
    "api_models": "the key is the right; test_api.py",
    "api_nothing": "says that there is nothing",
}

# Everything under this namespace is for operators alone; test_routes.py tries all of it.
STAFF = "admin:"
