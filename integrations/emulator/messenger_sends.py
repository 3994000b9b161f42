"""The body of `POST /{PAGE}/messages`, and of Instagram's, → a bubble, with every limit of the two."""

from dataclasses import dataclass
from typing import Any

from integrations.emulator import errors
from integrations.emulator.errors import GraphError
from integrations.emulator.fetching import Fetch, FetchError
from integrations.emulator.fields import Fields, Json, unpacked
from integrations.emulator.media_rules import RULES, messenger_refuses
from integrations.emulator.state import World
from integrations.emulator.things import ActionError, App, Bubble, Button, Card, Comment, Kind, Media, Thread

MESSENGER_TEXT = 2000
# Instagram counts bytes.
INSTAGRAM_BYTES = 1000
QUICK_REPLIES = 13
TITLE = 20
PAYLOAD = 1000
TEMPLATE_TEXT = 640
TEMPLATE_BUTTONS = 3
CARDS = 10
CARD_TEXT = 80
METADATA = 1000
WINDOW_SECONDS = 24 * 3600
AGENT_SECONDS = 7 * 24 * 3600
PRIVATE_REPLY_SECONDS = 7 * 24 * 3600
ATTACHMENT_SECONDS = 90 * 24 * 3600
KINDS: dict[str, Kind] = {"image": "image", "video": "video", "audio": "audio", "file": "document"}
ACTIONS = ("typing_on", "typing_off", "mark_seen", "react", "unreact")


@dataclass(frozen=True)
class Taken:
    """A send that was accepted: a message or a sender action. `comment`: it answers that one privately."""

    thread: Thread
    bubble: Bubble | None = None
    action: str = ""
    reacts_to: str = ""
    emoji: str = ""
    comment: Comment | None = None
    attachment_id: str = ""


@dataclass(frozen=True)
class Upload:
    """A file that came in the same request (`filedata`)."""

    data: bytes
    mime: str
    name: str


def _refuse(why: str, path: str) -> GraphError:
    if why == "missing":
        return errors.messenger(100, message=f"The parameter {path} is required")
    if why == "type":
        return errors.messenger(100, message=f"Param {path} is not of the right type")
    if why.startswith("must be at most "):
        limit = why.removeprefix("must be at most ").partition(" ")[0]
        return errors.messenger(100, message=f"Length of param {path} must be less than or equal to {limit}")
    return errors.messenger(100, message=why)


def fields_of(body: Json) -> Fields:
    """The body of a request, whose refusals are Messenger's."""
    return Fields(body, _refuse)


class MessengerSends:
    """Reads the sends of one app."""

    def __init__(self, app: App, world: World, fetch: Fetch) -> None:
        self._app = app
        self._world = world
        self._fetch = fetch

    async def read(self, body: Json, upload: Upload | None = None) -> Taken:
        """A send, not yet shown. Raises GraphError where Meta answers with an error."""
        fields = fields_of(body)
        thread, comment = self._recipient(fields.part("recipient"))
        action = fields.text("sender_action", required=False)
        if action and fields.has("message"):
            raise errors.messenger(100, message="Only one of the params sender_action and message can be set")
        if action:
            return self._action(action, fields, thread)
        message = fields.part("message")
        if thread.blocked:
            raise errors.messenger(551, 1545041)
        if comment is None:
            self._check_window(fields, thread)
        bubble = Bubble(self._world.message_id(self._app), "bot", "text", self._world.now())
        bubble.metadata = message.text("metadata", METADATA, required=False)
        bubble.reply_to = fields.part("reply_to", required=False).text("mid", required=False)
        bubble.private_reply_to = comment.id if comment else ""
        self._quick_replies(message, bubble)
        attachment_id = ""
        if message.has("attachment"):
            if message.has("text"):
                raise errors.messenger(100, message="Only one of the params text and attachment can be set")
            attachment_id = await self._attachment(message.part("attachment"), bubble, upload)
        elif message.has("text"):
            bubble.text = self._text(message)
        else:
            raise errors.messenger(100, message="The parameter message[text] or message[attachment] is required")
        return Taken(thread, bubble, comment=comment, attachment_id=attachment_id)

    def _recipient(self, recipient: Fields) -> tuple[Thread, Comment | None]:
        if recipient.has("comment_id"):
            return self._private(recipient.text("comment_id"))
        if recipient.has("post_id"):
            raise errors.messenger(100, message="Only comments can be answered privately here")
        thread = self._world.find(self._app, recipient.text("id"))
        if thread is None or not thread.started:
            raise errors.messenger(100, 2018001)
        return thread, None

    def _private(self, comment_id: str) -> tuple[Thread, Comment]:
        """One private reply to each comment, within seven days."""
        found = self._world.find_comment(self._app, comment_id)
        if found is None or not found[1].person_id:
            raise errors.messenger(100, message="Invalid comment_id")
        comment = found[1]
        if comment.private_replies:
            raise errors.messenger(10900)
        if self._world.now() - comment.at > PRIVATE_REPLY_SECONDS:
            raise errors.messenger(10, 2018278)
        return self._world.thread(self._app, self._world.people[comment.person_id]), comment

    def _check_window(self, fields: Fields, thread: Thread) -> None:
        kind = fields.text("messaging_type", required=False) or "RESPONSE"
        if kind not in ("RESPONSE", "UPDATE", "MESSAGE_TAG"):
            raise errors.messenger(100, message="Param messaging_type must be one of {RESPONSE, UPDATE, MESSAGE_TAG}")
        tag = fields.text("tag", required=kind == "MESSAGE_TAG")
        # The other tags ended on 27 April 2026.
        if tag and tag != "HUMAN_AGENT":
            raise errors.messenger(100, message=f"The tag {tag} is not supported")
        seconds = AGENT_SECONDS if tag else WINDOW_SECONDS
        if thread.last_from_person is None or self._world.now() - thread.last_from_person > seconds:
            raise errors.messenger(10, 2018278)

    def _action(self, action: str, fields: Fields, thread: Thread) -> Taken:
        if action not in ACTIONS:
            raise errors.messenger(100, message=f"Param sender_action must be one of {{{', '.join(ACTIONS).upper()}}}")
        if action not in ("react", "unreact"):
            return Taken(thread, action=action)
        payload = fields.part("payload")
        target = payload.text("message_id")
        if thread.bubble(target) is None:
            raise errors.messenger(100, message="Invalid message_id")
        emoji = payload.text("reaction", 32, required=action == "react")
        return Taken(thread, action=action, reacts_to=target, emoji="❤" if emoji == "love" else emoji)

    def _text(self, message: Fields) -> str:
        text = message.text("text")
        too_long = len(text.encode()) > INSTAGRAM_BYTES if self._app == "instagram" else len(text) > MESSENGER_TEXT
        if too_long:
            limit = INSTAGRAM_BYTES if self._app == "instagram" else MESSENGER_TEXT
            raise errors.messenger(100, message=f"Length of param message[text] must be less than or equal to {limit}")
        return text

    def _quick_replies(self, message: Fields, bubble: Bubble) -> None:
        parts = message.parts("quick_replies", required=False)
        if len(parts) > QUICK_REPLIES:
            raise errors.messenger(
                100, message=f"Param message[quick_replies] must have at most {QUICK_REPLIES} elements"
            )
        for part in parts:
            if part.text("content_type") not in ("text", "user_phone_number", "user_email"):
                raise errors.messenger(100, message="Param content_type must be one of {TEXT, ...}")
            reply = Button(
                part.text("title", TITLE), part.text("payload", PAYLOAD), image_url=part.text("image_url", 2000, False)
            )
            bubble.quick_replies.append(reply)

    # Attachments

    async def upload(self, body: Json, upload: Upload | None) -> str:
        """`POST /{PAGE}/message_attachments`: keep a file. Returns its attachment id; raises GraphError."""
        attachment = fields_of(body).part("message").part("attachment")
        kind = attachment.text("type")
        if kind not in KINDS:
            raise errors.messenger(100, message="Param attachment[type] must be one of {IMAGE, AUDIO, VIDEO, FILE}")
        return (await self._file(kind, attachment.part("payload", required=False), upload)).id

    async def _attachment(self, attachment: Fields, bubble: Bubble, upload: Upload | None) -> str:
        """Returns the attachment id, where it is to be reused."""
        kind = attachment.text("type")
        if kind == "template":
            await self._template(attachment.part("payload"), bubble)
            return ""
        if self._app == "instagram" and kind == "like_heart":
            bubble.kind, bubble.text = "sticker", "❤"
            return ""
        if kind not in KINDS:
            raise errors.messenger(
                100, message="Param attachment[type] must be one of {IMAGE, AUDIO, VIDEO, FILE, TEMPLATE}"
            )
        payload = attachment.part("payload", required=upload is None)
        media = await self._file(kind, payload, upload)
        bubble.kind, bubble.media_id = KINDS[kind], media.id
        bubble.animated = media.mime == "image/gif"
        return media.id if payload.values.get("is_reusable") in (True, "true") else ""

    async def _file(self, kind: str, payload: Fields, upload: Upload | None) -> Media:
        if payload.has("attachment_id"):
            media = self._world.media.get(payload.text("attachment_id"))
            if media is None or media.owner != "bot" or self._world.now() - media.at > ATTACHMENT_SECONDS:
                raise errors.messenger(100, 2018074)
            if messenger_refuses(self._app, kind, media.data, media.mime):
                raise errors.messenger(100, 2018074, "The type of the attachment does not match")
            return media
        if upload is None:
            upload = await self._fetched(kind, payload.text("url", 2048))
        refused = messenger_refuses(self._app, kind, upload.data, upload.mime)
        if refused:
            raise errors.messenger(100, refused[0], refused[1])
        try:
            media = self._world.add_media(upload.data, upload.mime, upload.name, owner="bot")
        except ActionError as error:
            raise errors.messenger(100, 2018109, str(error)) from error
        return media

    async def _fetched(self, kind: str, url: str) -> Upload:
        try:
            fetched = await self._fetch(url, RULES[self._app][kind].size + 1)
        except FetchError as error:
            raise errors.messenger(100, 2018008, f"Failed to fetch the file from the url. {error}") from error
        return Upload(fetched.data, fetched.mime, fetched.name)

    # Templates

    async def _template(self, payload: Fields, bubble: Bubble) -> None:
        kind = payload.text("template_type")
        if kind == "button":
            bubble.kind = "buttons"
            bubble.text = payload.text("text", TEMPLATE_TEXT)
            bubble.buttons = _buttons(payload)
        elif kind == "generic":
            bubble.kind = "cards"
            parts = payload.parts("elements")
            if not 1 <= len(parts) <= CARDS:
                raise errors.messenger(100, message=f"Param elements must have 1 to {CARDS} elements")
            for part in parts:
                bubble.cards.append(await self._card(part))
        elif kind == "media" and self._app == "messenger":
            bubble.kind = "cards"
            parts = payload.parts("elements")
            if len(parts) != 1:
                raise errors.messenger(100, message="Param elements must have exactly 1 element")
            media_type = parts[0].text("media_type")
            if media_type not in ("image", "video"):
                raise errors.messenger(100, message="Param media_type must be one of {IMAGE, VIDEO}")
            # By url only what is on Facebook is taken, and nothing is here.
            media = await self._file(media_type, parts[0].part_of("attachment_id"), None)
            buttons = _buttons(parts[0]) if parts[0].has("buttons") else []
            bubble.cards.append(Card("", media_id=media.id, buttons=buttons))
        else:
            raise errors.messenger(100, message="Param template_type must be one of {BUTTON, GENERIC, MEDIA}")

    async def _card(self, part: Fields) -> Card:
        card = Card(part.text("title", CARD_TEXT), part.text("subtitle", CARD_TEXT, required=False))
        action = part.part("default_action", required=False)
        if action.values:
            if action.text("type") != "web_url" or action.has("title"):
                raise errors.messenger(100, message="Param default_action must be a web_url button without title")
            card.url = action.text("url", 2000)
        if part.has("buttons"):
            card.buttons = _buttons(part)
        if part.has("image_url"):
            try:
                fetched = await self._fetch(part.text("image_url", 2048), RULES[self._app]["image"].size + 1)
                card.media_id = self._world.add_media(fetched.data, fetched.mime, owner="bot").id
            except FetchError:
                # The card is shown without its picture.
                card.media_id = ""
        return card


def _buttons(payload: Fields) -> list[Button]:
    parts = payload.parts("buttons")
    if not 1 <= len(parts) <= TEMPLATE_BUTTONS:
        raise errors.messenger(100, message=f"Param buttons must have 1 to {TEMPLATE_BUTTONS} elements")
    buttons = []
    for part in parts:
        kind = part.text("type")
        if kind == "postback":
            buttons.append(Button(part.text("title", TITLE), part.text("payload", PAYLOAD)))
        elif kind == "web_url":
            buttons.append(Button(part.text("title", TITLE), url=part.text("url", 2000)))
        elif kind == "phone_number":
            buttons.append(Button(part.text("title", TITLE), url=f"tel:{part.text('payload', 40)}"))
        else:
            raise errors.messenger(100, message=f"Button of type {kind} is not supported")
    return buttons


def profile_of(body: Json, app: App) -> dict[str, Any]:
    """`POST /{PAGE}/messenger_profile`: what is to be set, checked. Raises GraphError."""
    known = {"get_started", "greeting", "ice_breakers", "persistent_menu", "commands", "whitelisted_domains"}
    values = {name: unpacked(value) for name, value in body.items() if name in known}
    fields = fields_of(values)
    if not values:
        raise errors.messenger(100, message="Requires one of the params: " + ",".join(sorted(known)))
    if "get_started" in values:
        fields.part("get_started").text("payload", PAYLOAD)
    for group in fields.parts("greeting", required=False):
        group.text("text", 160)
    breakers = fields.parts("ice_breakers", required=False)
    lines = [line for group in breakers for line in group.parts("call_to_actions", required=False) or [group]]
    per_locale = max((len(group.parts("call_to_actions", required=False)) for group in breakers), default=0)
    if per_locale > 4 or (lines and not per_locale and len(lines) > 4):
        raise errors.messenger(100, message="Param ice_breakers must have at most 4 elements")
    for line in lines:
        line.text("question", 80)
        line.text("payload", PAYLOAD)
    for menu in fields.parts("persistent_menu", required=False):
        items = menu.parts("call_to_actions", required=False)
        if len(items) > 20:
            raise errors.messenger(100, message="Param call_to_actions must have at most 20 elements")
        for item in items:
            item.text("title", 30)
            item.text("url" if item.text("type") == "web_url" else "payload", PAYLOAD)
    for group in fields.parts("commands", required=False):
        commands = group.parts("commands")
        if len(commands) > 100:
            raise errors.messenger(100, message="Param commands must have at most 100 elements")
        for command in commands:
            command.text("name", 32)
            command.text("description", 64)
    return values
