"""What WhatsApp delivers, and what we read in it: a file of JSON for each kind, with all that comes of it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.inbound import (
    AccountNotice,
    Card,
    ContactChange,
    Echo,
    Event,
    GroupEnded,
    GroupJoined,
    GroupLeft,
    GroupMade,
    GroupRenamed,
    GroupSuspended,
    Ignored,
    InboundEdit,
    InboundMessage,
    InboundOpening,
    InboundReaction,
    InboundUnsend,
    Media,
    Place,
    Sender,
    StatusChange,
)
from integrations.whatsapp.payloads import Account, parsed

FOLDER = Path(__file__).parent / "payloads"
OURS = Account("1000", "2000")
ADA = Sender("DE.777", "491700000001", "Ada", "ada")
RECIPIENT = Sender("DE.777", "491700000001")
NOBODY = Sender()
AT = datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)
LATER = AT + timedelta(seconds=5)
MESSAGE = InboundMessage("1000", ADA, AT, "wamid.A1")
PICTURE = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=9001"

EXPECTED: dict[str, list[Event | Ignored]] = {
    "text": [replace(MESSAGE, text="hi\nthere 🙂")],
    "text_without_number": [replace(MESSAGE, sender=Sender("DE.777", "", "Ada", "ada"), text="hi")],
    "text_by_contact_only": [replace(MESSAGE, sender=Sender("DE.777", "", "Ada"), text="hi")],
    "text_with_user_id_as_number": [replace(MESSAGE, sender=Sender("DE.777"), text="hi")],
    "text_without_contacts": [replace(MESSAGE, sender=Sender("", "491700000001"), text="hi")],
    "text_from_brazil": [replace(MESSAGE, sender=Sender("", "551187654321", "Bia"), text="oi")],
    "text_of_another_contact": [replace(MESSAGE, sender=Sender("FR.9", "33600000009"), text="hi")],
    "empty_text": [Ignored("message without words")],
    "image": [
        replace(MESSAGE, text="what is this?", media=(Media("image", "9001", PICTURE, "image/jpeg", sha256="c2hh"),))
    ],
    "video": [replace(MESSAGE, media=(Media("video", "9002", mime_type="video/mp4", sha256="c2hh"),))],
    "voice": [
        replace(
            MESSAGE,
            media=(Media("audio", "9003", mime_type="audio/ogg; codecs=opus", sha256="c2hh"),),
        )
    ],
    "voice_of_before": [
        replace(
            MESSAGE,
            media=(Media("audio", "9008", mime_type="audio/ogg; codecs=opus", sha256="c2hh"),),
        )
    ],
    "audio": [replace(MESSAGE, media=(Media("audio", "9004", mime_type="audio/mpeg", sha256="c2hh"),))],
    "document": [
        replace(
            MESSAGE,
            text="read this",
            media=(Media("document", "9005", mime_type="application/pdf", name="fdp.exe", sha256="c2hh"),),
        )
    ],
    "sticker": [replace(MESSAGE, media=(Media("sticker", "9006", mime_type="image/webp", sha256="c2hh"),))],
    "image_of_words": [replace(MESSAGE, unknown="image")],
    "image_too_large": [replace(MESSAGE, unknown="image")],
    "reaction": [InboundReaction("1000", ADA, AT, "wamid.OUT1", "👍🏽")],
    "reaction_emptied": [InboundReaction("1000", ADA, AT, "wamid.OUT1", "")],
    "reaction_removed": [InboundReaction("1000", ADA, AT, "wamid.OUT1", "")],
    "button_reply": [replace(MESSAGE, text="More", payload="more:42", quoted="wamid.OUT2")],
    "list_reply": [replace(MESSAGE, text="Watercolour", payload="style:3", quoted="wamid.OUT2")],
    "flow_reply": [Ignored("interactive nfm_reply")],
    "call_permission": [Ignored("interactive call_permission_reply")],
    "interactive_lost": [replace(MESSAGE, quoted="wamid.OUT2", unknown="interactive"), Ignored("error 131000")],
    "template_button": [replace(MESSAGE, text="Yes, please", payload="yes")],
    "location": [replace(MESSAGE, place=Place(52.52, 13.405, "Alex", "Alexanderplatz 1 Berlin"))],
    "location_live": [replace(MESSAGE, place=Place(-33.86, 151.0))],
    "location_nowhere": [replace(MESSAGE, unknown="location")],
    "contacts": [
        replace(
            MESSAGE,
            cards=(
                Card("Bo Berg", ("+49 170 0000002",), ("bo@example.org",)),
                Card("Cy Cole", ("491700000003",)),
                Card("Dune Ltd"),
            ),
        )
    ],
    "contacts_of_nobody": [replace(MESSAGE, unknown="contacts")],
    "contact_shared_on_request": [replace(MESSAGE, cards=(Card("", ("491700000001",)),))],
    "order": [replace(MESSAGE, text="quickly", unknown="order")],
    "product_question": [replace(MESSAGE, text="is it blue?", quoted="wamid.OUT3")],
    "reply": [replace(MESSAGE, text="and this?", quoted="wamid.OUT1")],
    "forwarded": [replace(MESSAGE, text="a tale", forwarded=True)],
    "forwarded_often": [
        replace(MESSAGE, media=(Media("image", "9007", mime_type="image/png"),), forwarded=True),
    ],
    "from_an_ad": [replace(MESSAGE, text="hello", ref="120")],
    "unsupported": [replace(MESSAGE, unknown="unsupported")],
    "unsupported_poll": [replace(MESSAGE, unknown="poll")],
    "unsupported_view_once": [replace(MESSAGE, unknown="view_once")],
    "unsupported_edit": [Ignored("unsupported edit")],
    "unsupported_in_a_group": [replace(MESSAGE, group="Y2Fwa", unknown="unsupported")],
    "unknown": [replace(MESSAGE, unknown="unsupported")],
    "ephemeral": [Ignored("message ephemeral")],
    "of_a_kind_to_come": [Ignored("message hologram")],
    "without_a_kind": [replace(MESSAGE, text="hi")],
    "edit": [InboundEdit("1000", ADA, AT, "wamid.A1", "hi, better")],
    "edit_of_a_caption": [InboundEdit("1000", ADA, AT, "wamid.A2", "and what is that?")],
    "revoke": [InboundUnsend("1000", ADA, AT, "wamid.A1")],
    "opened": [InboundOpening("1000", ADA, AT)],
    "group_text": [replace(MESSAGE, text="@helper what is a quark?", group="120363000000000000@g.us")],
    "group_edit": [InboundEdit("1000", ADA, AT, "wamid.A0", "better", "Y2Fwa")],
    "group_revoke": [InboundUnsend("1000", ADA, AT, "wamid.A0", "Y2Fwa")],
    "group_reaction": [InboundReaction("1000", ADA, AT, "wamid.OUT1", "👍", "Y2Fwa")],
    "our_own": [Ignored("message of our own")],
    "without_a_sender": [Ignored("message of nobody")],
    "without_an_id": [Ignored("broken message")],
    # It is of the moment when it is read.
    "without_a_time": [replace(MESSAGE, text="hi")],
    "number_changed": [ContactChange("1000", Sender("", "491700000001"), AT, phone="491700000005")],
    "number_changed_as_before": [ContactChange("1000", Sender("", "491700000001"), AT, phone="491700000005")],
    "user_id_changed": [ContactChange("1000", Sender("DE.777"), AT, user_id="DE.888")],
    "user_id_changed_in_words": [ContactChange("1000", Sender("DE.777"), AT, user_id="DE.888")],
    "user_id_changed_of_nobody": [Ignored("change of a stranger")],
    "identity_changed": [Ignored("system customer_identity_changed")],
    "user_id_update": [ContactChange("1000", RECIPIENT, AT, user_id="DE.888")],
    "sent": [StatusChange("1000", RECIPIENT, LATER, "sent", "wamid.OUT1", key="turn-42")],
    "delivered": [StatusChange("1000", RECIPIENT, LATER, "delivered", "wamid.OUT1", key="turn-42")],
    "read": [StatusChange("1000", RECIPIENT, LATER, "read", "wamid.OUT1")],
    "played": [StatusChange("1000", RECIPIENT, LATER, "read", "wamid.OUT1")],
    "failed": [
        StatusChange(
            "1000",
            RECIPIENT,
            LATER,
            "failed",
            "wamid.OUT1",
            key="turn-42",
            problem="131047",
            detail="More than 24 hours have passed.",
        )
    ],
    "status_of_a_group": [
        StatusChange("1000", RECIPIENT, LATER, "read", "wamid.OUT1"),
        StatusChange("1000", Sender("", "491700000002"), LATER, "read", "wamid.OUT1"),
    ],
    "status_deleted": [Ignored("status deleted")],
    "errors": [AccountNotice("1000", Sender(), AT, "error 190", "Token expired"), Ignored("error 131000")],
    "echo_of_the_owner": [Echo("1000", ADA, AT, "wamid.H1", human=True)],
    "restricted": [
        AccountNotice(
            "1000",
            Sender(),
            AT,
            "account_update",
            "event ACCOUNT_RESTRICTION, restriction_type RESTRICTED_CUSTOMER_INITIATED_MESSAGING, "
            "expiration 1790600000",
        )
    ],
    "quality": [
        AccountNotice(
            "1000",
            Sender(),
            AT,
            "phone_number_quality_update",
            "display_phone_number 15550001111, event FLAGGED, current_limit TIER_10K",
        )
    ],
    "alert": [
        AccountNotice(
            "1000",
            Sender(),
            AT,
            "account_alerts",
            "entity_type WABA, entity_id 2000, alert_severity CRITICAL, alert_status ACTIVE, alert_type OBA_APPROVED, "
            "alert_description Look at this",
        )
    ],
    "alert_of_another_account": [Ignored("foreign account")],
    "template": [Ignored("message_template_status_update")],
    # As the documentation shows it, with lists that are empty.
    "groups": [GroupMade("1000", NOBODY, AT, "Y2Fwa", link="https://chat.whatsapp.com/x")],
    "group_made": [GroupMade("1000", NOBODY, AT, "Y2Fwa", "77", "Ski trip", "https://chat.whatsapp.com/x")],
    "group_not_made": [
        GroupMade("1000", NOBODY, AT, "", "77", "Ski trip", problem="131214", detail="Too much marketing")
    ],
    "group_deleted": [GroupEnded("1000", NOBODY, AT, "Y2Fwa", "78")],
    "group_joined": [
        GroupJoined(
            "1000",
            NOBODY,
            AT,
            "Y2Fwa",
            people=(Sender("DE.777", "491700000001", username="ada"), Sender("FR.9"), Sender("", "33600000010")),
        )
    ],
    "group_left": [GroupLeft("1000", NOBODY, AT, "Y2Fwa", people=(RECIPIENT,))],
    "group_removed": [
        GroupLeft(
            "1000",
            NOBODY,
            AT,
            "Y2Fwa",
            "79",
            people=(Sender("", "491700000001"), Sender("DE.777")),
            by_us=True,
            staying=(Sender("FR.9"),),
            problem="131214",
            detail="Too much marketing",
        )
    ],
    "group_join_request": [Ignored("group_join_request_created")],
    "group_renamed": [GroupRenamed("1000", NOBODY, AT, "Y2Fwa", "80", "Ski trip 2027")],
    "group_not_renamed": [Ignored("group_settings_update without a subject")],
    "group_suspended": [
        GroupSuspended("1000", NOBODY, AT, "Y2Fwa", suspended=True),
        GroupSuspended("1000", NOBODY, AT, "Y2Fwa", suspended=False),
        Ignored("of_a_kind_to_come"),
    ],
    "other_fields": [
        Ignored("calls"),
        Ignored("calls"),
        Ignored("history"),
        Ignored("smb_app_state_sync"),
        Ignored("user_preferences"),
    ],
    "foreign": [Ignored("foreign account")],
    "batch": [
        replace(MESSAGE, text="one"),
        replace(MESSAGE, id="wamid.A2", unknown="image"),
        replace(MESSAGE, id="wamid.A3", sender=Sender("", "491700000002", "Bo"), text="two"),
        StatusChange("1000", RECIPIENT, LATER, "delivered", "wamid.OUT1"),
        replace(MESSAGE, id="wamid.A4", sender=RECIPIENT, text="three"),
        Ignored("message of nobody"),
        Ignored("status without a kind"),
        Ignored("broken status"),
        Ignored("without a kind"),
        Ignored("foreign account"),
    ],
}


def entries(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text())["entry"]


def read(entries: Any, account: Account = OURS) -> list[Event | Ignored]:
    result = parsed(entries, account)
    return [*result.events, *result.ignored]


def test_every_file_has_its_result() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_delivery_is_read(name: str) -> None:
    found = read(entries(name))
    if name in ("errors", "without_a_time"):
        found = [replace(one, at=AT) if isinstance(one, AccountNotice | InboundMessage) else one for one in found]
    assert found == EXPECTED[name]


def test_what_is_said_of_the_account_is_read_wherever_ours_is_not_named() -> None:
    assert isinstance(read(entries("alert_of_another_account"), Account("1000"))[0], AccountNotice)


def value_of(name: str) -> tuple[Any, Any]:
    delivery = entries(name)
    return delivery, delivery[0]["changes"][0]["value"]


@pytest.mark.parametrize("metadata", [None, {}, [], {"phone_number_id": None}, {"phone_number_id": ""}, "1000"])
def test_what_does_not_name_our_number_is_foreign(metadata: object) -> None:
    delivery, value = value_of("text")
    value["metadata"] = metadata
    assert read(delivery) == [Ignored("foreign account")]
    # Nor is there anything of ours where WhatsApp is off.
    assert read(delivery, Account("")) == [Ignored("foreign account")]


def test_a_number_of_ours_may_come_as_a_number() -> None:
    delivery, value = value_of("text")
    value["metadata"]["phone_number_id"] = 1000
    assert read(delivery) == EXPECTED["text"]


@pytest.mark.parametrize(
    ("latitude", "longitude"), [("NaN", 1), (float("inf"), 1), (1, 181), (None, 1), ([], 1), (10**400, 1)]
)
def test_a_place_is_on_earth(latitude: object, longitude: object) -> None:
    delivery, value = value_of("location")
    value["messages"][0]["location"] = {"latitude": latitude, "longitude": longitude}
    assert read(delivery) == [replace(MESSAGE, unknown="location")]


def test_what_strangers_write_is_cut_and_cleaned() -> None:
    delivery, value = value_of("contacts")
    card = {
        "name": {"formatted_name": "\u202e" + "<b>" * 50_000},
        "phones": [{"phone": "1\n2"}] * 100,
        "emails": [{"email": 7}, None, {"email": ["a"]}],
    }
    value["messages"][0]["contacts"] = [card] * 1000
    value["contacts"][0]["profile"] = {"name": "A\u202ed\na" + "x" * 70_000, "username": "@" * 9 + "a\x00da"}
    [message] = read(delivery)
    assert isinstance(message, InboundMessage)
    assert message.sender.name == ("A d a" + "x" * 200)[:200]
    assert message.sender.username == "a da"
    assert len(message.cards) == 10
    assert message.cards[0] == Card(("<b>" * 67)[:200], ("1 2",) * 5, ("7",))


def test_a_long_text_is_cut_and_a_payload_too() -> None:
    delivery, value = value_of("text")
    value["messages"][0]["text"]["body"] = "a\x00\ud800" + "b" * 100_000
    [message] = read(delivery)
    assert isinstance(message, InboundMessage)
    assert (message.text[:3], len(message.text)) == ("a?b", 15_999)
    delivery, value = value_of("button_reply")
    value["messages"][0]["interactive"]["button_reply"]["id"] = "p" * 100_000
    [message] = read(delivery)
    assert isinstance(message, InboundMessage)
    assert len(message.payload) == 1000


def test_a_thousand_messages_with_as_many_contacts_are_read_at_once() -> None:
    delivery, value = value_of("text")
    people = range(491700000000, 491700003000)
    value["contacts"] = [{"wa_id": str(phone), "profile": {"name": f"N{phone}"}} for phone in people]
    value["messages"] = [{**value["messages"][0], "from": str(phone), "from_user_id": None} for phone in people]
    begin = datetime.now(UTC)
    messages = parsed(delivery, OURS).events
    assert [message.sender.name for message in messages] == [f"N{phone}" for phone in people]
    assert datetime.now(UTC) - begin < timedelta(seconds=5)


@pytest.mark.parametrize("body", ["User Eve changed from DE.1 to DE.2", "from nobody to DE.888", "", None, 7])
def test_a_new_user_id_is_nobodys_where_the_words_do_not_fit(body: object) -> None:
    delivery, value = value_of("user_id_changed_in_words")
    value["messages"][0]["system"]["body"] = body
    assert read(delivery) == [Ignored("change of a stranger")]


@pytest.mark.parametrize(
    ("phone", "contact"),
    [
        ("5215512345678", "525512345678"),
        ("5491112345678", "541112345678"),
        ("5511987654321", "551187654321"),
        ("14155551234", "14155551234"),
    ],
)
def test_a_number_in_another_spelling_is_the_same(phone: str, contact: str) -> None:
    delivery, value = value_of("text_from_brazil")
    value["contacts"] = [{"wa_id": contact, "profile": {"name": "Bia"}}, {"wa_id": "491700000001"}]
    value["messages"][0]["from"] = phone
    assert parsed(delivery, OURS).events[0].sender == Sender("", contact, "Bia")


@pytest.mark.parametrize(
    ("phone", "contact"),
    [
        ("14155551234", "14255551234"),
        ("525512345678", "523312345678"),
        ("541112345678", "543512345678"),
        ("5511987654321", "5521987654321"),
    ],
)
def test_a_number_much_like_another_is_another(phone: str, contact: str) -> None:
    delivery, value = value_of("text_from_brazil")
    value["contacts"] = [{"wa_id": contact, "profile": {"name": "Eve"}}]
    value["messages"][0]["from"] = phone
    assert parsed(delivery, OURS).events[0].sender == Sender("", phone)


def test_what_is_ignored_is_named_by_its_kind_only() -> None:
    delivery, value = value_of("text")
    value["messages"] = [{**value["messages"][0], "type": kind} for kind in ("my secret", "x" * 50, 7, {"a": 1})]
    assert set(read(delivery)) == {Ignored("message of a strange kind")}
    delivery[0]["changes"][0]["field"] = "my secret"
    assert read(delivery) == [Ignored("of a strange kind")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)


@given(st.lists(JSON, max_size=4))
def test_nothing_is_raised_whatever_comes(delivery: Any) -> None:
    parsed(delivery, OURS)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to all values in a JSON value."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [path, *(place for key in keys for place in places(value[key], (*path, key)))]


DELIVERIES = {name: (FOLDER / f"{name}.json").read_text() for name in EXPECTED}


@given(st.data())
def test_nothing_is_raised_where_a_part_is_something_else(data: st.DataObject) -> None:
    delivery = json.loads(DELIVERIES[data.draw(st.sampled_from(sorted(DELIVERIES)))])["entry"]
    for _ in range(data.draw(st.integers(1, 3))):
        if not (found := [path for path in places(delivery) if path]):
            break
        # What is further in has more to it.
        path = data.draw(st.sampled_from(sorted(found, key=len, reverse=True)))
        inner = delivery
        for key in path[:-1]:
            inner = inner[key]
        if data.draw(st.booleans()):
            inner[path[-1]] = data.draw(JSON)
        else:
            del inner[path[-1]]
    result = parsed(delivery, OURS)
    for event in result.events:
        assert event.account == "1000"
        if isinstance(event, InboundMessage):
            assert event.id
            assert event.sender.user_id or event.sender.phone
            # Something to answer.
            assert event.text.strip() or event.payload or event.media or event.place or event.cards or event.unknown
            assert InboundMessage.from_json(json.loads(json.dumps(event.to_json()))) == event
