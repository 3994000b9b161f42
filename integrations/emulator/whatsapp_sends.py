"""The body of `POST /{PHONE}/messages` → a bubble, with every limit of the Cloud API."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from integrations.emulator import errors
from integrations.emulator.fetching import Fetch, FetchError
from integrations.emulator.fields import Fields, Json
from integrations.emulator.groups import ID_START
from integrations.emulator.media_rules import WHATSAPP, whatsapp_refuses
from integrations.emulator.state import World
from integrations.emulator.things import (
    ActionError,
    Bubble,
    Button,
    Card,
    ContactCard,
    Fault,
    Group,
    Media,
    Place,
    Row,
    Section,
    Thread,
)

TEXT = 4096
CAPTION = 1024
BUTTONS = 3
BUTTON_TITLE = 20
BUTTON_ID = 256
BODY = 1024
LIST_BODY = 4096
HEADER = 60
FOOTER = 60
ROWS = 10
SECTIONS = 10
ROW_TITLE = 24
ROW_DESCRIPTION = 72
ROW_ID = 200
SECTION_TITLE = 24
LIST_BUTTON = 20
CALLBACK_DATA = 512
CARDS = 10
CONTACTS = 257
WINDOW_SECONDS = 24 * 3600
REACTION_SECONDS = 30 * 24 * 3600
UPLOADED_SECONDS = 30 * 24 * 3600
MEDIA_KINDS = ("image", "video", "audio", "document", "sticker")
# What groups take; no source says whether they take reactions.
GROUP_KINDS = ("text", *MEDIA_KINDS, "template")


@dataclass(frozen=True)
class Taken:
    """A send that was accepted. `fault`: it fails later, by a status.

    It goes to a `thread` or to a `group`; without either nobody has that number.
    """

    bubble: Bubble
    thread: Thread | None
    input: str
    fault: Fault | None = None
    reacts_to: str = ""
    group: Group | None = None


def _refuse(why: str, path: str) -> errors.GraphError:
    if why == "missing":
        if "[" not in path:
            return errors.whatsapp(100, message=f"The parameter {path} is required.")
        return errors.whatsapp(131008, f"Parameter {path} is missing or empty.")
    if why == "type":
        return errors.whatsapp(100, message=f"Param {path} is not of the right type.")
    if why.startswith("must be"):
        return errors.whatsapp(100, message=f"Param {path} {why}")
    return errors.whatsapp(131009, why)


class WhatsAppSends:
    """Reads sends. The templates that may be used stand in the profile of the account."""

    def __init__(self, world: World, fetch: Fetch) -> None:
        self._world = world
        self._fetch = fetch

    async def read(self, body: Json) -> Taken:
        """A send as a bubble, not yet shown. Raises GraphError where Meta answers with an error."""
        fields = Fields(body, _refuse)
        if fields.text("messaging_product") != "whatsapp":
            raise errors.whatsapp(100, message="Param messaging_product must be one of {WHATSAPP}.")
        group = self._group(fields)
        thread, recipient = (None, group.id) if group else self._recipient(fields)
        kind = fields.text("type", required=False) or "text"
        bubble = Bubble(self._world.message_id("whatsapp"), "bot", "text", self._world.now())
        bubble.metadata = fields.text("biz_opaque_callback_data", CALLBACK_DATA, required=False)
        fault: Fault | None = None
        if group and kind not in GROUP_KINDS:
            raise errors.whatsapp(131051, f"Messages of type {kind} are not supported in groups.")
        if kind == "reaction":
            part = fields.part("reaction")
            return Taken(bubble, thread, recipient, reacts_to=self._reaction(part, bubble))
        reader = self._readers().get(kind)
        if reader is None:
            raise errors.whatsapp(100, message=f"Param type must be one of {{{', '.join(self._readers()).upper()}}}.")
        bubble.reply_to = fields.part("context", required=False).text("message_id", required=False)
        fault = await reader(fields, bubble)
        if group:
            return Taken(bubble, None, recipient, self._closed_group(group, kind) or fault, group=group)
        if thread is None:
            return Taken(bubble, None, recipient, errors.whatsapp(131026).fault)
        return Taken(bubble, thread, recipient, self._closed(thread, kind) or fault)

    def _group(self, fields: Fields) -> Group | None:
        """The group that it goes to, or None. Raises GraphError."""
        kind, to = fields.text("recipient_type", required=False), fields.text("to", required=False)
        if kind != "group" and not to.startswith(ID_START):
            return None
        if not self._world.switches.official:
            raise errors.whatsapp(131215)
        if kind != "group":
            raise errors.whatsapp(131009, "recipient_type and to do not match.")
        group = self._world.groups.get(to)
        if group is None:
            raise errors.whatsapp(131041)
        if group.suspended:
            raise errors.whatsapp(131207)
        if not group.members:
            raise errors.whatsapp(131020)
        return group

    def _closed_group(self, group: Group, kind: str) -> Fault | None:
        """What any of its people writes opens the window of a group for all."""
        last = group.last_from_person
        if kind != "template" and (last is None or self._world.now() - last > WINDOW_SECONDS):
            return errors.whatsapp(131047).fault
        return None

    def _recipient(self, fields: Fields) -> tuple[Thread | None, str]:
        # Where both are there, `to` wins.
        recipient = fields.text("to", required=False) or fields.text("recipient", required=False)
        if not recipient:
            raise errors.whatsapp(100, message="The parameter to is required.")
        account = self._world.accounts["whatsapp"]
        digits = "".join(character for character in recipient if character.isdigit())
        if fields.has("to") and digits == "".join(character for character in account.number if character.isdigit()):
            raise errors.whatsapp(131021)
        if fields.has("to") and not digits:
            raise errors.whatsapp(131009, "Recipient phone number is not valid.")
        return self._world.find("whatsapp", recipient), recipient

    def _closed(self, thread: Thread, kind: str) -> Fault | None:
        """Why a good message cannot be delivered all the same. Recalled: these come by a status, not at once."""
        if thread.blocked:
            return errors.whatsapp(131026).fault
        last = thread.last_from_person
        if kind != "template" and (last is None or self._world.now() - last > WINDOW_SECONDS):
            return errors.whatsapp(131047).fault
        return None

    def _readers(self) -> dict[str, Callable[[Fields, Bubble], Awaitable[Fault | None]]]:
        return {
            "text": self._text,
            **dict.fromkeys(MEDIA_KINDS, self._media),
            "location": self._location,
            "contacts": self._contacts,
            "interactive": self._interactive,
            "template": self._template,
        }

    async def _text(self, fields: Fields, bubble: Bubble) -> None:
        part = fields.part("text")
        bubble.text = part.text("body", TEXT)
        bubble.preview_url = bool(part.values.get("preview_url"))

    async def _media(self, fields: Fields, bubble: Bubble) -> Fault | None:
        kind = fields.text("type")
        part = fields.part(kind)
        bubble.kind = kind  # type: ignore[assignment]
        if part.has("caption") and kind in ("audio", "sticker"):
            raise errors.whatsapp(100, message=f"Param {kind} has no caption.")
        bubble.caption = part.text("caption", CAPTION, required=False)
        bubble.voice = kind == "audio" and part.values.get("voice") is True
        return await self._attach(part, kind, bubble)

    async def _attach(self, part: Fields, kind: str, bubble: Bubble) -> Fault | None:
        """Find or fetch the file of a message; what is wrong with it comes by a status (recalled)."""
        if not part.has("id") and not part.has("link"):
            raise errors.whatsapp(131008, f"Parameter {part.path} must have id or link.")
        if part.has("id"):
            media = self._world.media.get(part.text("id"))
            if media is None or media.owner != "bot" or self._world.now() - media.at > UPLOADED_SECONDS:
                raise errors.whatsapp(131009, f"Param {part.name('id')} is not a valid whatsapp business account media")
        else:
            try:
                fetched = await self._fetch(part.text("link", 2048), WHATSAPP[kind].size + 1)
                media = self._world.add_media(fetched.data, fetched.mime, fetched.name, owner="bot")
            except (FetchError, ActionError) as error:
                return errors.whatsapp(131053, str(error)).fault
        name = part.text("filename", 240, required=False)
        media.name = name or media.name
        bubble.media_id = media.id
        bubble.animated = media.data[:4] == b"RIFF" and b"ANIM" in media.data[:64]
        refused = _refused(kind, media)
        return errors.whatsapp(131053, refused).fault if refused else None

    async def _location(self, fields: Fields, bubble: Bubble) -> None:
        part = fields.part("location")
        latitude, longitude = part.number("latitude"), part.number("longitude")
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            raise errors.whatsapp(131009, "Location is not on the globe.")
        bubble.kind = "location"
        bubble.place = Place(
            latitude,
            longitude,
            part.text("name", 1000, required=False),
            part.text("address", 1000, required=False),
        )

    async def _contacts(self, fields: Fields, bubble: Bubble) -> None:
        parts = fields.parts("contacts")
        if not 1 <= len(parts) <= CONTACTS:
            raise errors.whatsapp(131009, f"Contacts must be 1 to {CONTACTS}.")
        bubble.kind = "contacts"
        for part in parts:
            name = part.part("name").text("formatted_name")
            phones = [phone.text("phone", 100, required=False) for phone in part.parts("phones", required=False)]
            emails = [email.text("email", 200, required=False) for email in part.parts("emails", required=False)]
            bubble.contacts.append(ContactCard(name[:1000], phones, emails))

    def _reaction(self, part: Fields, bubble: Bubble) -> str:
        target = part.text("message_id")
        if not part.has("emoji"):
            raise errors.whatsapp(131008, "Parameter reaction['emoji'] is missing or empty.")
        bubble.text = str(part.values["emoji"])[:32]
        found = self._world.find_bubble("whatsapp", target)
        if found is None or found[1].deleted or self._world.now() - found[1].at > REACTION_SECONDS:
            raise errors.whatsapp(131009, "Message to react to was not found, or is older than 30 days.")
        return target

    # Interactive messages

    async def _interactive(self, fields: Fields, bubble: Bubble) -> Fault | None:
        part = fields.part("interactive")
        kind = part.text("type")
        action = part.part("action")
        needs_body = kind not in ("product", "product_list", "catalog_message")
        if needs_body and not part.part("body", required=False).has("text"):
            raise errors.whatsapp(131008, "Parameter interactive['body']['text'] is missing or empty.")
        limit = LIST_BODY if kind == "list" else BODY
        bubble.text = part.part("body", required=False).text("text", required=False)
        if len(bubble.text) > limit:
            raise errors.whatsapp(131009, f"Body text length invalid. Min length: 1, Max length: {limit}")
        bubble.footer = part.part("footer", required=False).text("text", required=False)
        if len(bubble.footer) > FOOTER:
            raise errors.whatsapp(131009, f"Footer text length invalid. Min length: 1, Max length: {FOOTER}")
        fault = await self._header(part, kind, bubble)
        if kind == "button":
            bubble.kind, bubble.buttons = "buttons", _buttons(action)
        elif kind == "list":
            bubble.kind = "list"
            _list(action, bubble)
        elif kind == "carousel":
            bubble.kind = "cards"
            fault = await self._carousel(action, bubble) or fault
        else:
            bubble.kind = "buttons"
            bubble.buttons = [_other_button(kind, action)]
        return fault

    async def _header(self, part: Fields, kind: str, bubble: Bubble) -> Fault | None:
        header = part.part("header", required=False)
        if not header.values:
            return None
        header_kind = header.text("type")
        if header_kind == "text":
            bubble.header = header.text("text")
            if len(bubble.header) > HEADER:
                raise errors.whatsapp(131009, f"Header text length invalid. Min length: 1, Max length: {HEADER}")
            return None
        if header_kind not in ("image", "video", "document") or kind == "list":
            raise errors.whatsapp(131009, f"Header of type {header_kind} is not supported here.")
        return await self._attach(header.part(header_kind), header_kind, bubble)

    async def _carousel(self, action: Fields, bubble: Bubble) -> Fault | None:
        cards = action.parts("cards")
        if not 2 <= len(cards) <= CARDS:
            raise errors.whatsapp(131009, f"Cards must be 2 to {CARDS}.")
        fault = None
        for part in cards:
            text = part.part("body", required=False).text("text", 160, required=False)
            holder = Bubble("", "bot", "image", 0)
            header = part.part("header")
            kind = header.text("type")
            if kind not in ("image", "video"):
                raise errors.whatsapp(131009, "A card has a picture or a video as header.")
            fault = await self._attach(header.part(kind), kind, holder) or fault
            inner = part.part("action")
            buttons = _buttons(inner) if inner.has("buttons") else [_other_button("cta_url", inner)]
            bubble.cards.append(Card(text, media_id=holder.media_id, buttons=buttons))
        return fault

    # Templates

    async def _template(self, fields: Fields, bubble: Bubble) -> Fault | None:
        part = fields.part("template")
        name = part.text("name", 512)
        code = part.part("language").text("code")
        known: dict[str, Any] = self._world.accounts["whatsapp"].profile.get("templates", {})
        text = known.get(f"{name}/{code}")
        if text is None:
            raise errors.whatsapp(132001, f"template name ({name}) does not exist in {code}")
        values: list[str] = []
        for component in part.parts("components", required=False):
            parameters = component.parts("parameters", required=False)
            if component.text("type").lower() == "body":
                values += [self._parameter(parameter) for parameter in parameters]
            if component.text("type").lower() == "button":
                title = str(component.values.get("index", len(bubble.buttons)))
                for parameter in parameters:
                    payload = parameter.text("payload", required=False) or parameter.text("text", required=False)
                    bubble.buttons.append(Button(f"Button {title}", payload))
        expected = sum(f"{{{{{number}}}}}" in text for number in range(1, 20))
        if len(values) != expected:
            raise errors.whatsapp(
                132000, f"body: number of localizable_params ({len(values)}) does not match the expected ({expected})"
            )
        for number, value in enumerate(values, 1):
            text = text.replace(f"{{{{{number}}}}}", value)
        bubble.kind, bubble.template, bubble.text = "template", name, text
        return None

    def _parameter(self, part: Fields) -> str:
        """The words of a parameter; a group is named by its id and stands there as its invite link."""
        if part.has("group_id"):
            group = self._world.groups.get(part.text("group_id"))
            if group is None:
                raise errors.whatsapp(131041)
            return group.link
        return part.text("text", required=False) or "…"


def _refused(kind: str, media: Media) -> str | None:
    return whatsapp_refuses(kind, media.data, media.mime)  # type: ignore[arg-type]


def _buttons(action: Fields) -> list[Button]:
    parts = action.parts("buttons")
    if not 1 <= len(parts) <= BUTTONS:
        raise errors.whatsapp(131009, f"Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: {BUTTONS}")
    buttons = []
    for part in parts:
        reply = part.part("quick_reply") if part.has("quick_reply") else part.part("reply")
        title, payload = reply.text("title"), reply.text("id")
        if len(title) > BUTTON_TITLE:
            raise errors.whatsapp(131009, f"Button title length invalid. Min length: 1, Max length: {BUTTON_TITLE}")
        if len(payload) > BUTTON_ID:
            raise errors.whatsapp(131009, f"Button id length invalid. Min length: 1, Max length: {BUTTON_ID}")
        buttons.append(Button(title, payload))
    _unique([button.payload for button in buttons], "Duplicated button id")
    _unique([button.title for button in buttons], "Duplicated title")
    return buttons


def _other_button(kind: str, action: Fields) -> Button:
    """The one button of the kinds that the assistant does not use; they are shown, not more."""
    parameters = action.part("parameters", required=False)
    if kind == "cta_url":
        title = parameters.text("display_text")
        if len(title) > BUTTON_TITLE:
            raise errors.whatsapp(131009, f"Button title length invalid. Min length: 1, Max length: {BUTTON_TITLE}")
        return Button(title, url=parameters.text("url", 2000))
    titles = {
        "flow": parameters.text("flow_cta", required=False) or "Open",
        "location_request_message": "Send location",
        "request_contact_info": "Share contact",
        "catalog_message": "View catalog",
        "product": "View product",
        "product_list": "View items",
        "voice_call": parameters.text("display_text", required=False) or "Call",
        "call_permission_request": "Choose preference",
        "address_message": "Provide address",
    }
    if kind not in titles:
        raise errors.whatsapp(131009, f"Interactive message of type {kind} is not supported.")
    return Button(titles[kind], kind)


def _list(action: Fields, bubble: Bubble) -> None:
    bubble.list_button = action.text("button")
    if len(bubble.list_button) > LIST_BUTTON:
        raise errors.whatsapp(131009, f"Button text length invalid. Min length: 1, Max length: {LIST_BUTTON}")
    parts = action.parts("sections")
    if not 1 <= len(parts) <= SECTIONS:
        raise errors.whatsapp(131009, f"Section count invalid. Min count: 1, Max count: {SECTIONS}")
    for part in parts:
        title = part.text("title", required=False)
        if len(parts) > 1 and not title:
            raise errors.whatsapp(131009, "Section title is required where there are several.")
        if len(title) > SECTION_TITLE:
            raise errors.whatsapp(131009, f"Section title is too long. Max length is {SECTION_TITLE}")
        rows = [_row(row) for row in part.parts("rows")]
        if not rows:
            raise errors.whatsapp(131009, "Section has no rows.")
        bubble.sections.append(Section(title, rows))
    rows = [row for section in bubble.sections for row in section.rows]
    if len(rows) > ROWS:
        raise errors.whatsapp(131009, f"Total row count exceed max allowed count: {ROWS}")
    _unique([row.payload for row in rows], "Duplicated row id")


def _row(part: Fields) -> Row:
    row = Row(part.text("title"), part.text("id"), part.text("description", required=False))
    if len(row.title) > ROW_TITLE:
        raise errors.whatsapp(131009, f"Row title is too long. Max length is {ROW_TITLE}")
    if len(row.payload) > ROW_ID:
        raise errors.whatsapp(131009, f"Row id is too long. Max length is {ROW_ID}")
    if len(row.description) > ROW_DESCRIPTION:
        raise errors.whatsapp(131009, f"Row description is too long. Max length is {ROW_DESCRIPTION}")
    return row


def _unique(values: list[str], why: str) -> None:
    if len(set(values)) != len(values):
        raise errors.whatsapp(131009, why)
