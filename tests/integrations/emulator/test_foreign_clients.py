"""Clients that others wrote are content with the emulator: pywa for WhatsApp, pymsgr for Messenger.

They are pointed at it by a transport of httpx, which sends what is meant for graph.facebook.com to the emulator.
"""

import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pymsgr
import pytest
import pywa
from pymsgr.security import verify_webhook_signature
from pywa import errors, types

from tests.integrations.emulator import samples
from tests.integrations.emulator.receiver import Delivered, Receiver
from tests.servers import Emulator, eventually

PERSON = "4917604069001"


class Detour(httpx.HTTPTransport):
    """Sends requests for graph.facebook.com to the emulator; all else goes where it says."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._to = urlsplit(url)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "graph.facebook.com":
            request.url = request.url.copy_with(scheme="http", host=self._to.hostname, port=self._to.port)
            request.headers["Host"] = self._to.netloc
        return super().handle_request(request)


class Bot:
    """pywa with its webhook handler behind the receiver; what it parsed stands in `heard`."""

    def __init__(self, emulator: Emulator, receiver: Receiver) -> None:
        told = emulator.configuration
        self.session = httpx.Client(transport=Detour(emulator.url), timeout=20)
        self.client = pywa.WhatsApp(
            phone_id=told["whatsapp"]["phone_id"],
            token=told["whatsapp"]["token"],
            session=self.session,
            server=None,
            verify_token=told["verify_token"],
            app_secret=told["app_secret"],
            waba_id=told["whatsapp"]["account_id"],
        )
        self.heard: list[Any] = []
        self.client.add_handlers(
            *(
                handler(lambda _, update: self.heard.append(update))
                for handler in (
                    pywa.handlers.MessageHandler,
                    pywa.handlers.CallbackButtonHandler,
                    pywa.handlers.CallbackSelectionHandler,
                    pywa.handlers.MessageStatusHandler,
                    pywa.handlers.GroupMessageStatusesHandler,
                    pywa.handlers.PhoneNumberChangeHandler,
                )
            )
        )
        receiver.handle = self.take

    def take(self, delivered: Delivered) -> int:
        refused = self.client.webhook_update_validator(delivered.raw, delivered.headers["X-Hub-Signature-256"])
        return refused[1] if refused else self.client.webhook_update_handler(delivered.raw)[1]

    def hear(self, kind: type, **values: object) -> Any:
        """The first update of that kind with these values, once it came."""

        def fitting() -> list[Any]:
            return [
                update
                for update in list(self.heard)
                if isinstance(update, kind) and all(getattr(update, name) == value for name, value in values.items())
            ]

        eventually(fitting)
        return fitting()[0]


@pytest.fixture
def bot(emulator: Emulator, receiver: Receiver) -> Iterator[Bot]:
    bot = Bot(emulator, receiver)
    emulator.write("whatsapp", "Hello")
    bot.hear(types.Message, text="Hello")
    yield bot
    receiver.handle = None
    bot.session.close()


def test_pywa_sends_every_kind_and_the_phone_shows_it(bot: Bot, emulator: Emulator) -> None:
    wa = bot.client
    quoted = wa.send_message(PERSON, "*Hello*", preview_url=True)
    wa.send_message(PERSON, "An answer", reply_to_message_id=quoted.id, tracker="turn-1")
    wa.send_message(PERSON, "Go on?", header="Head", footer="Foot", buttons=[types.Button("More", "more:1")])
    wa.send_message(PERSON, "Look", buttons=types.URLButton(title="Open", url="https://example.org/"))
    rows = [types.SectionRow(title="Watercolour", callback_data="style:1", description="soft")]
    sections = [types.Section(title="Art", rows=rows)]
    wa.send_message(PERSON, "Pick one", buttons=types.SectionList(button_title="Styles", sections=sections))
    wa.send_image(PERSON, samples.png(), caption="A picture", mime_type="image/png")
    wa.send_image(PERSON, samples.jpeg(), caption="With", mime_type="image/jpeg", buttons=[types.Button("Again", "a")])
    wa.send_video(PERSON, samples.video(), caption="A loop", mime_type="video/mp4")
    wa.send_document(PERSON, samples.pdf(), filename="a.pdf", mime_type="application/pdf", caption="A page")
    wa.send_audio(PERSON, samples.mp3(), mime_type="audio/mpeg")
    wa.send_voice(PERSON, samples.ogg(), mime_type="audio/ogg")
    wa.send_sticker(PERSON, samples.webp(), mime_type="image/webp")
    wa.send_location(PERSON, latitude=52.5, longitude=13.4, name="Berlin", address="Alexanderplatz")
    wa.request_location(PERSON, "Where are you?")
    wa.request_contact_info(PERSON, "Who are you?")
    wa.send_contact(PERSON, types.Contact(name=types.Contact.Name(formatted_name="Cy Doe", first_name="Cy")))
    wa.send_catalog(PERSON, "Our catalog", "foot")
    wa.send_product(PERSON, catalog_id="1", sku="2", body="One")
    products = [types.ProductsSection(title="All", skus=["2"])]
    wa.send_products(PERSON, catalog_id="1", product_sections=products, title="Some", body="More")
    shown = emulator.answers_on("whatsapp")
    kinds = [bubble["kind"] for bubble in shown]
    media = ["image", "buttons", "video", "document", "audio", "audio", "sticker"]
    asked = ["location", "buttons", "buttons", "contacts", "buttons", "buttons", "buttons"]
    assert kinds == ["text", "text", "buttons", "buttons", "list", *media, *asked]
    assert (shown[1]["reply_to"], shown[1]["metadata"]) == (quoted.id, "turn-1")
    assert (shown[2]["header"], shown[2]["footer"]) == ("Head", "Foot")
    assert shown[2]["buttons"][0] == {"title": "More", "payload": "more:1", "url": "", "image_url": ""}
    assert shown[4]["sections"][0]["rows"] == [{"title": "Watercolour", "payload": "style:1", "description": "soft"}]
    assert [bubble["voice"] for bubble in shown if bubble["kind"] == "audio"] == [False, True]
    assert [bubble["text"] for bubble in shown if bubble["kind"] == "location"] == [""]


def test_pywa_has_a_group_and_talks_in_it(bot: Bot, emulator: Emulator) -> None:
    """It does not know the list of groups as it is documented, nor the news of groups."""
    wa = bot.client
    before = {group["id"] for group in emulator.act("groups")}
    assert wa.create_group(subject="Ski trip", description="Who comes?").request_id
    eventually(lambda: len(emulator.act("groups")) > len(before))
    (group_id,) = {group["id"] for group in emulator.act("groups")} - before
    link = wa.get_group_invite_link(group_id)
    for name in ("Ada Brandt", "Bo Larsen"):
        emulator.act("join_group", person=name, link=link.link)
        emulator.act("open", group=group_id, person=name, open=True)
    group = wa.get_group(group_id)
    assert (group.subject, group.description, group.total_participant_count) == ("Ski trip", "Who comes?", 2)
    assert [(one.wa_id, one.username) for one in group.participants] == [(PERSON, None), (None, "@bo.larsen")]
    emulator.act("write", group=group_id, person="Bo Larsen", text="Where do we go?")
    asked = bot.hear(types.Message, text="Where do we go?")
    assert (asked.chat.id, asked.chat.type.name, asked.from_user.name) == (group_id, "GROUP", "Bo Larsen")
    # Its `reply` answers the person alone unless `private` is set: the other way round than it says.
    sent = wa.send_message(group_id, "To the mountains", reply_to_message_id=asked.id)
    shown = emulator.act("bubbles", group=group_id)[-1]
    assert (shown["id"], shown["text"], shown["reply_to"]) == (sent.id, "To the mountains", asked.id)
    wa.send_image(group_id, samples.png(), caption="There", mime_type="image/png")
    # It cannot read "sent", which is of nobody in particular, nor the documented price of what was delivered.
    statuses = bot.hear(types.GroupMessageStatuses, group_id=group_id)
    assert [status.from_user.name for status in statuses] == ["Ada Brandt", "Bo Larsen"]
    with pytest.raises(errors.WhatsAppError):
        wa.send_message(group_id, "Go on?", buttons=[types.Button("More", "more:1")])
    assert wa.update_group_settings(group_id, subject="Ski week", profile_picture=samples.jpeg()).request_id
    assert wa.get_group(group_id).subject == "Ski week"
    assert link.reset().link != link.link
    assert group.participants[1].remove().request_id
    assert [one.wa_id for one in wa.get_group(group_id).participants] == [PERSON]
    assert wa.delete_group(group_id).request_id
    with pytest.raises(errors.WhatsAppError):
        wa.get_group(group_id)


def test_pywa_approves_and_refuses_joins(bot: Bot, emulator: Emulator) -> None:
    wa = bot.client
    before = {group["id"] for group in emulator.act("groups")}
    wa.create_group(subject="Ski trip", join_approval_mode=types.GroupJoinApprovalMode.APPROVAL_REQUIRED)
    eventually(lambda: len(emulator.act("groups")) > len(before))
    (group_id,) = {group["id"] for group in emulator.act("groups")} - before
    link = wa.get_group_invite_link(group_id).link
    for name in ("Ada Brandt", "Bo Larsen"):
        emulator.act("join_group", person=name, link=link)
    first, second = wa.get_group_join_requests(group_id)
    assert (first.user.wa_id, second.user.username) == (PERSON, "@bo.larsen")
    assert first.approve().request_id
    assert second.reject().request_id
    assert [one.wa_id for one in wa.get_group(group_id).participants] == [PERSON]
    assert not list(wa.get_group_join_requests(group_id))


def test_pywa_sends_a_template_and_a_carousel(bot: Bot, emulator: Emulator, receiver: Receiver) -> None:
    wa = bot.client
    sent = wa.send_template(
        PERSON,
        "resume_chat",
        types.templates.TemplateLanguage.ENGLISH_US,
        params=[types.templates.BodyText.params("Ada")],
    )
    assert emulator.answers_on("whatsapp")[-1]["text"] == "Hello Ada, shall we go on where we stopped?"
    bot.hear(types.MessageStatus, id=sent.id)
    picture = receiver.serve("/card.png", samples.png(), "image/png")
    cards = [types.ImageCarouselCard(image=picture, body=body, buttons=[types.Button("Go", body)]) for body in "ab"]
    wa.send_carousel(PERSON, body="Two cards", cards=cards)
    shown = emulator.answers_on("whatsapp")[-1]
    assert [(card["title"], card["buttons"][0]["payload"]) for card in shown["cards"]] == [("a", "a"), ("b", "b")]
    emulator.tap("whatsapp", shown["id"], "b")
    bot.hear(types.CallbackButton, data="b")
    found = wa.get_templates()
    assert {template.name for template in found} >= {"hello_world", "resume_chat"}


def test_pywa_reacts_marks_as_read_and_types(bot: Bot, emulator: Emulator) -> None:
    written = emulator.write("whatsapp", "A question")
    message = bot.hear(types.Message, text="A question")
    assert message.mark_as_read().success
    assert message.indicate_typing().success
    message.react("👍")
    shown = next(bubble for bubble in emulator.bubbles("whatsapp") if bubble["id"] == written["id"])
    assert (shown["status"], shown["reactions"]) == ("read", {"bot": "👍"})
    assert emulator.act("thread", app="whatsapp")["typing_until"] > 0
    message.unreact()
    shown = next(bubble for bubble in emulator.bubbles("whatsapp") if bubble["id"] == written["id"])
    assert shown["reactions"] == {}


def test_pywa_uploads_asks_downloads_and_deletes_media(bot: Bot) -> None:
    wa = bot.client
    media = wa.upload_media(io.BytesIO(samples.png()), mime_type="image/png", filename="a.png")
    found = wa.get_media_url(media.id)
    assert (found.mime_type, found.file_size) == ("image/png", len(samples.png()))
    assert wa.get_media_bytes(found.url) == samples.png()
    assert wa.delete_media(media.id).success
    with pytest.raises(errors.WhatsAppError):
        wa.get_media_url(media.id)


def test_pywa_parses_all_that_a_person_does(bot: Bot, emulator: Emulator) -> None:
    first = emulator.write("whatsapp", "Grüße 😀")
    message = bot.hear(types.Message, text="Grüße 😀")
    assert (message.id, message.from_user.wa_id, message.from_user.name) == (first["id"], PERSON, "Ada Brandt")
    emulator.write("whatsapp", "And this?", reply_to=first["id"])
    assert bot.hear(types.Message, text="And this?").reply_to_message.id == first["id"]
    pictures = {
        "image": (samples.png(), "image/png"),
        "video": (samples.video(), "video/mp4"),
        "audio": (samples.ogg(), "audio/ogg; codecs=opus"),
        "document": (samples.pdf(), "application/pdf"),
        "sticker": (samples.webp(), "image/webp"),
    }
    for kind, (data, mime) in pictures.items():
        sent = emulator.send_media("whatsapp", kind, data, mime, name="a file", voice=kind == "audio")
        message = bot.hear(types.Message, id=sent["id"])
        media = getattr(message, kind)
        assert (message.type.value, media.mime_type) == (kind, mime)
        assert media.get_bytes() == data
    assert message.from_user.bsuid.startswith("DE.9999")
    assert bot.hear(types.Message, type=types.MessageType.AUDIO).audio.voice
    emulator.act("send_place", app="whatsapp", latitude=52.5, longitude=13.4, name="Berlin")
    assert bot.hear(types.Message, type=types.MessageType.LOCATION).location.name == "Berlin"
    emulator.act("send_contact", app="whatsapp", name="Cy Doe", phone="+49 1")
    assert bot.hear(types.Message, type=types.MessageType.CONTACTS).contacts[0].name.formatted_name == "Cy Doe"
    emulator.act("react", app="whatsapp", bubble=first["id"], emoji="🎉")
    assert bot.hear(types.Message, type=types.MessageType.REACTION).reaction.emoji == "🎉"
    bot.heard.clear()
    emulator.act("unreact", app="whatsapp", bubble=first["id"])
    assert bot.hear(types.Message, type=types.MessageType.REACTION).reaction.emoji is None
    emulator.act("send_unsupported", app="whatsapp", what="poll")
    assert bot.hear(types.Message, type=types.MessageType.UNSUPPORTED).error.code == 131051


def test_pywa_parses_taps_and_statuses(bot: Bot, emulator: Emulator) -> None:
    wa = bot.client
    asked = wa.send_message(PERSON, "Go on?", buttons=[types.Button("More", "more:1")], tracker="turn-7")
    emulator.tap("whatsapp", asked.id, "more:1")
    tap = bot.hear(types.CallbackButton, data="more:1")
    assert (tap.title, tap.reply_to_message.id) == ("More", asked.id)
    rows = [types.SectionRow(title="Watercolour", callback_data="style:1")]
    sections = types.SectionList(button_title="Styles", sections=[types.Section(title="Art", rows=rows)])
    listed = wa.send_message(PERSON, "Pick", buttons=sections)
    emulator.tap("whatsapp", listed.id, "style:1")
    assert bot.hear(types.CallbackSelection, data="style:1").title == "Watercolour"
    for status in ("SENT", "DELIVERED", "READ"):
        told = bot.hear(types.MessageStatus, id=asked.id, status=getattr(types.MessageStatusType, status))
        assert told.tracker == "turn-7"
    emulator.switch(late_failures=1, failure="131026")
    failing = wa.send_message(PERSON, "Lost")
    told = bot.hear(types.MessageStatus, id=failing.id, status=types.MessageStatusType.FAILED)
    assert isinstance(told.error, errors.MessageUndeliverable)


def test_pywa_knows_who_has_no_phone_number_and_answers(bot: Bot, emulator: Emulator) -> None:
    emulator.write("whatsapp", "I am Bo", person="Bo Larsen")
    message = bot.hear(types.Message, text="I am Bo")
    assert (message.from_user.wa_id, message.from_user.bsuid[:3]) == (None, "DK.")
    message.reply("Hello Bo")
    assert emulator.answers_on("whatsapp", person="Bo Larsen")[-1]["text"] == "Hello Bo"


def test_pywa_parses_a_changed_number(bot: Bot, emulator: Emulator) -> None:
    emulator.act("change_number", person="Ada Brandt", phone="4917604069077")
    changed = bot.hear(types.PhoneNumberChange, new_wa_id="4917604069077")
    emulator.act("change_number", person="Ada Brandt", phone=PERSON)
    assert changed.old_wa_id == PERSON


def test_pywa_raises_its_own_error_for_each_refusal(bot: Bot, emulator: Emulator) -> None:
    wa = bot.client
    for code, error in (
        ("130429", errors.RateLimitHit),
        ("131056", errors.TooManyMessages),
        ("131031", errors.AccountLocked),
        ("131047", errors.ReEngagementMessage),
        ("190", errors.ExpiredAccessToken),
        ("131016", errors.ServiceUnavailable),
    ):
        emulator.switch(failures=1, failure=code)
        with pytest.raises(error):
            wa.send_message(PERSON, "Hello")


def test_pywa_reads_number_account_and_profile(bot: Bot) -> None:
    wa = bot.client
    assert wa.get_business_phone_number().display_phone_number == "+15550001111"
    assert [number.verified_name for number in wa.get_business_phone_numbers()] == ["Chaski"]
    assert wa.get_business_account().name == "Chaski"
    assert wa.update_business_profile(about="An assistant").success
    assert wa.get_business_profile().about == "An assistant"
    assert wa.update_conversational_automation(
        ice_breakers=["What can you do?"], commands=[types.Command("new", "A new chat")]
    ).success


# Messenger


class Page:
    """pymsgr with its webhook handler behind the receiver."""

    def __init__(self, emulator: Emulator, receiver: Receiver) -> None:
        told = emulator.configuration
        self.page = told["messenger"]["page_id"]
        self.client = pymsgr.Messenger(told["messenger"]["token"], told["verify_token"], told["app_secret"])
        self.client._sync_client = httpx.Client(transport=Detour(emulator.url), timeout=20)
        self.secret = told["app_secret"]
        self.heard: list[tuple[str, Any]] = []
        for event in ("message", "postback", "delivery", "read", "reaction"):
            self.client._register_handler(event, lambda update, event=event: self.heard.append((event, update)))
        receiver.handle = self.take

    def take(self, delivered: Delivered) -> int:
        verify_webhook_signature(delivered.raw, delivered.headers["X-Hub-Signature-256"], app_secret=self.secret)
        self.client.process_webhook(delivered.body)
        return 200

    def hear(self, event: str, true: Any = lambda update: True) -> Any:
        eventually(lambda: any(name == event and true(update) for name, update in list(self.heard)))
        return next(update for name, update in self.heard if name == event and true(update))


@pytest.fixture
def page(emulator: Emulator, receiver: Receiver) -> Iterator[Page]:
    page = Page(emulator, receiver)
    emulator.write("messenger", "Hello")
    page.hear("message", lambda update: update.message.text == "Hello")
    yield page
    receiver.handle = None
    page.client.close()


def test_pymsgr_sends_every_kind_and_the_phone_shows_it(page: Page, emulator: Emulator, receiver: Receiver) -> None:
    bot, to = page.client, emulator.act("people")[0]["psid"]
    more = pymsgr.QuickReply(title="More", payload="more:1")
    answer = bot.send_text(to, page_id=page.page, text="Hello", quick_replies=[more])
    bot.send_image(to, page_id=page.page, image_url=receiver.serve("/a.gif", samples.gif(), "image/gif"))
    button = pymsgr.types.PostbackButton(title="More", payload="more:2")
    bot.send_buttons(to, page_id=page.page, text="Go on?", buttons=[button])
    card = pymsgr.types.GenericElement(title="A source", subtitle="example.org")
    bot.send_generic_template(to, page_id=page.page, elements=[card])
    bot.set_typing(to, page_id=page.page, action=pymsgr.types.SenderActionType.TYPING_ON)
    shown = emulator.answers_on("messenger")
    assert [bubble["kind"] for bubble in shown] == ["text", "image", "buttons", "cards"]
    assert shown[0]["id"] == answer["message_id"]
    assert emulator.act("thread", app="messenger")["typing_until"] > 0
    assert bot.get_user_profile(to, page_id=page.page)["first_name"] == "Ada"
    emulator.tap("messenger", shown[0]["id"], "more:1")
    page.hear("message", lambda update: update.message.quick_reply and update.message.quick_reply.payload == "more:1")
    emulator.tap("messenger", shown[2]["id"], "more:2")
    assert page.hear("postback").postback.payload == "more:2"
    page.hear("delivery", lambda update: shown[0]["id"] in update.delivery.mids)
    page.hear("read", lambda update: update.read.watermark > 0)
    emulator.act("react", app="messenger", bubble=shown[0]["id"], emoji="❤")
    assert page.hear("reaction").reaction.emoji == "❤"


def test_pymsgr_parses_media_and_raises_for_a_refusal(page: Page, emulator: Emulator) -> None:
    emulator.send_media("messenger", "image", samples.png(), "image/png", caption="What is this?")
    told = page.hear("message", lambda update: update.message.attachments)
    assert told.message.attachments[0].type == "image"
    assert httpx.get(told.message.attachments[0].payload["url"]).content == samples.png()
    with pytest.raises(pymsgr.GraphAPIError) as raised:
        page.client.send_text("unknown", page_id=page.page, text="Hello")
    assert (raised.value.code, raised.value.subcode) == (100, 2018001)
