"""What contacts are passed on of a room, and what they are not: on the database, no courier at work."""

import struct
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone, translation
from pytest_django.fixtures import Settings

from assistant import attachments, people
from assistant.errors import BadNameError, BlockedError, InvitationEndedError, NameTakenError
from assistant.models import Member, Message, Person, Room, RoomFile, Run
from assistant.rooms import files, membership, orders, polls, reactions, talk
from assistant.rooms.talk import Said, Words
from imagine.models import Picture
from integrations import contacts, doors, inbox, intake, outbox, relay, rooms
from integrations.errors import RefusedMediaError, WindowClosedError
from integrations.inbound import InboundEdit, InboundMessage, InboundOpening, InboundReaction, Sender, StatusChange
from integrations.models import Contact, OutboxEntry
from integrations.registry import channels
from tests.integrations.test_registry import ALL
from tests.recordings import recording

ACCOUNTS = {"whatsapp": "1000", "messenger": "2000", "instagram": "3000"}
PDF = b"%PDF-1.4 huts"
Kind = RoomFile.Kind


@pytest.fixture(autouse=True)
def apps(settings: Settings) -> Iterator[None]:
    for name, value in ALL.items():
        setattr(settings, name, value)
    settings.GRAPH_URL = "https://graph.facebook.com"
    channels.cache_clear()
    yield
    channels.cache_clear()


@pytest.fixture
def ana() -> Person:
    return people.make_guest()


@pytest.fixture
def room(ana: Person) -> Room:
    """A room of somebody on the site."""
    return membership.make(ana, "Ana", "Ski trip")


def writes(app: str, name: str = "Bo") -> Contact:
    """Somebody who has just written in an app."""
    with transaction.atomic():
        found = contacts.find_or_make(app, ACCOUNTS[app], Sender(user_id=uuid4().hex, name=name))
        contacts.wrote(found, timezone.now())
    return found


def joined(room: Room, app: str = "whatsapp", name: str = "Bo") -> Contact:
    contact = writes(app, name)
    contacts.update(contact, expects={"room": room.token})
    rooms.join(channels()[app], contact, name)
    return contact


def say(person: Person, room: Room, text: str, **more: Any) -> Said:
    return talk.say(person, room.pk, Words(text, uuid4(), **more))


def said(person: Person, room: Room, text: str, **more: Any) -> Message:
    message = say(person, room, text, **more).event.message
    assert message
    return message


def finish(found: Said, text: str = "In **March**.") -> Message:
    assert found.run
    Run.objects.filter(pk=found.run.pk).update(status="done")
    Message.objects.filter(pk=found.run.answer_id).update(text=text)
    talk.ended(found.run.pk)
    return Message.objects.get(pk=found.run.answer_id)


def queued(contact: Contact) -> list[dict[str, Any]]:
    """What is queued for a contact, or was sent, as the outbox has it."""
    rows = contact.outbox.exclude(state=OutboxEntry.State.FAILED).order_by("created_at", "cause", "place")
    return [entry.content for entry in rows]


def heard(contact: Contact) -> list[str]:
    return [content["text"] for content in queued(contact)]


def show(contact: Contact, message: Message, external_id: str) -> None:
    """The app was sent a message, and gave it this id."""
    contact.outbox.filter(message=message, place=0).update(external_id=external_id, state="sent")


def wrote(contact: Contact, room: Room, text: str) -> tuple[Message, str]:
    """What a contact writes in the room, as a courier takes it; the message and the app's id."""
    event = InboundMessage(
        ACCOUNTS[contact.channel], Sender(contact.user_id or ""), timezone.now(), id=f"in.{uuid4().hex}", text=text
    )
    inbox.add(contact, event)
    (entry,) = inbox.take_group(contact)
    assert entry.turn
    message = talk.say(contact.person, room.pk, Words(text, entry.turn)).event.message
    assert message
    inbox.note_message(entry.turn, message)
    return message, event.id


def day_later(contact: Contact) -> None:
    Contact.objects.filter(pk=contact.pk).update(wrote_at=timezone.now() - timedelta(hours=25))


def writes_again(contact: Contact) -> None:
    contact.refresh_from_db()
    contacts.wrote(contact, timezone.now())
    rooms.arrive(contact)


# Words


def test_an_answer_reaches_all_in_the_signs_of_their_app(ana: Person, room: Room) -> None:
    bo, cy = joined(room, "whatsapp", "Bo"), joined(room, "messenger", "Cy")
    finish(say(ana, room, "@Chaski when?"), "In **March**.")
    assert heard(bo)[-1] == "In *March*."
    assert heard(cy)[-1] == "In March."


@pytest.mark.parametrize("app", ["whatsapp", "messenger", "instagram"])
@pytest.mark.parametrize(
    "text",
    [
        "Hi\nAna: I pay for all",
        "Hi\r*Ana:* I pay",
        "Hi\u2028Ana: I pay",
        "Hi\x0bAna: I pay",
        "x" * 3990 + " Ana: I pay",
        "x " * 600 + "\nAna: I pay " + "for all " * 600,
    ],
)
def test_no_line_looks_like_the_words_of_another(room: Room, app: str, text: str) -> None:
    cy = joined(room, app, "Cy")
    mallory = joined(room, "messenger", "Mallory")
    said(mallory.person, room, text)
    own = [one for one in heard(cy) if one != "Mallory is here now."]
    assert own
    for bubble in own:
        first, *others = bubble.split("\n")
        assert first.startswith(("Mallory", "*Mallory"))
        assert all(line.startswith("    ") for line in others)
        assert channels()[app].dialect.size(bubble) <= channels()[app].dialect.limit


def test_signs_in_a_name_format_nothing(ana: Person, room: Room) -> None:
    bo = joined(room)
    membership.rename(ana, room.pk, "*Big* trip")
    told = "The room is now called “*Big* trip”."
    assert heard(bo) != [told]
    assert "".join(heard(bo)).replace("\u200a", "") == told


def test_who_is_suspended_hears_nothing_of_a_room(ana: Person, room: Room) -> None:
    bo = joined(room)
    Person.objects.filter(pk=bo.person_id).update(is_active=False)
    said(ana, room, "Hello")
    assert heard(bo) == []


def test_who_is_muted_hears_nothing_until_they_undo_it(ana: Person, room: Room) -> None:
    bo, channel = joined(room), channels()["whatsapp"]
    assert "until you write /unmute" in rooms._mute(channel, bo, room.pk, True).text
    said(ana, room, "Hello")
    assert heard(bo) == []
    rooms._mute(channel, bo, room.pk, False)
    said(ana, room, "Hello again")
    assert heard(bo) == ["*Ana:* Hello again"]


def test_what_is_taken_back_is_sent_no_more(ana: Person, room: Room) -> None:
    bo = joined(room)
    talk.unsay(ana, said(ana, room, "My secret").pk)
    assert heard(bo) == []
    assert "secret" not in str(list(bo.outbox.values_list("content", flat=True)))


def test_who_takes_back_a_message_in_an_app_takes_it_out_of_the_room(room: Room) -> None:
    bo, cy = joined(room, "whatsapp", "Bo"), joined(room, "messenger", "Cy")
    message, key = wrote(bo, room, "My secret")
    with transaction.atomic():
        inbox.unsend(bo, key)
    assert not Message.objects.filter(pk=message.pk).exists()
    assert heard(cy) == []


# Replies and edits


def test_a_reply_quotes_what_the_app_has_shown(ana: Person, room: Room) -> None:
    bo, cy = joined(room, "whatsapp", "Bo"), joined(room, "messenger", "Cy")
    hello = said(ana, room, "Hello")
    show(cy, hello, "m_1")
    said(bo.person, room, "Yes", quoted=hello.pk)
    assert queued(cy)[-1]["quotes"] == "m_1"
    assert queued(cy)[-1]["text"] == "Bo: Yes"


def test_a_reply_to_ones_own_message_quotes_it_in_the_app(ana: Person, room: Room) -> None:
    bo = joined(room)
    message, key = wrote(bo, room, "Who drives?")
    said(ana, room, "I do", quoted=message.pk)
    assert (queued(bo)[-1]["text"], queued(bo)[-1]["quotes"]) == ("*Ana:* I do", key)


def test_a_reply_to_what_the_app_has_not_shown_says_to_what_it_is_one(ana: Person, room: Room) -> None:
    bo, cy = joined(room, "whatsapp", "Bo"), joined(room, "messenger", "Cy")
    hello = said(ana, room, "Hello\nAna: who drives?" + " really" * 30)
    said(ana, room, "Yes", quoted=hello.pk)
    first, second = heard(cy)[-1].split("\n")
    assert first.startswith("↪ Ana: Hello Ana: who drives? really")
    assert first.endswith("…")
    assert len(first) < 80
    assert second == "Ana: Yes"
    assert heard(bo)[-1].startswith("↪ *Ana:* Hello")
    answer = finish(say(ana, room, "@Chaski when?"))
    said(ana, room, "Good", quoted=answer.pk)
    assert heard(cy)[-1].startswith("↪ Chaski: In **March**")


def test_who_came_later_is_not_told_to_what_a_reply_is_one(ana: Person, room: Room) -> None:
    secret = said(ana, room, "A secret")
    bo = joined(room)
    said(ana, room, "Never mind", quoted=secret.pk)
    assert heard(bo) == ["*Ana:* Never mind"]


@pytest.mark.parametrize("goes", ["taken back", "erased"])
def test_what_a_reply_quotes_goes_with_the_words(ana: Person, room: Room, goes: str) -> None:
    bo, cy = joined(room, "whatsapp", "Bo"), joined(room, "messenger", "Cy")
    eve = people.make_guest()
    membership.join(eve, room.token or "", "Eve")
    secret = said(eve, room, "My secret")
    hut = picture(ana)
    document = files.keep(ana, "Huts.pdf", PDF, Kind.DOCUMENT)
    first = said(ana, room, "Yes\n↪ and no", quoted=secret.pk)
    said(ana, room, "Look", quoted=secret.pk, pictures=[hut.pk])
    said(ana, room, "Read", quoted=secret.pk, things=[document.pk])
    said(ana, room, "I too", quoted=first.pk)
    bubbles = ["Ana: Yes\n    ↪ and no", "Ana: Look", "", "Ana: Read", ""]
    told = [f"↪ Eve: My secret\n{text}" if text else "" for text in bubbles]
    last = "↪ Ana: Yes ↪ and no\nAna: I too"
    assert heard(cy)[-6:] == [*told, last]
    # One was sent already, without an id by which it could be quoted.
    cy.outbox.filter(message=first).update(state="sent")
    if goes == "taken back":
        talk.unsay(eve, secret.pk)
    else:
        people.erase(eve)
    assert [text for text in heard(cy) if text.startswith(("Ana", "↪")) or not text] == [*bubbles, last]
    for contact in (bo, cy):
        for content in contact.outbox.values_list("content", flat=True):
            assert "secret" not in str(content)
            assert "↪ Eve" not in str(content).replace("*", "")


def test_an_edit_tells_the_new_words_to_those_who_read_the_old_ones(ana: Person, room: Room) -> None:
    bo = joined(room)
    message = said(ana, room, "At eight")
    show(bo, message, "wamid.1")
    cy = joined(room, "messenger", "Cy")
    talk.edit(ana, message.pk, "@Chaski at nine?")
    assert (queued(bo)[-1]["text"], queued(bo)[-1]["quotes"]) == ("*Ana (edited):* @Chaski at nine?", "wamid.1")
    assert heard(cy) == []
    assert not Run.objects.filter(conversation=room.pk).exists()


def test_an_edit_in_an_app_changes_the_message_for_all(room: Room) -> None:
    bo, cy = joined(room, "messenger", "Bo"), joined(room, "whatsapp", "Cy")
    message, key = wrote(bo, room, "At eight")
    event = InboundEdit("2000", Sender(bo.user_id or ""), timezone.now(), id=key, text="At nine")
    assert rooms.edit(bo, event) == "edited_in_room"
    message.refresh_from_db()
    assert message.text == "At nine"
    assert heard(cy)[-1] == "*Bo (edited):* At nine"
    # Of another's message, and of none.
    assert rooms.edit(cy, event) == "edit_in_room"


def test_who_was_away_gets_changed_words_once(ana: Person, room: Room) -> None:
    bo = joined(room)
    day_later(bo)
    talk.edit(ana, said(ana, room, "At eight").pk, "At nine")
    writes_again(bo)
    assert heard(bo) == ["*Ana:* At nine"]


# Reactions


def test_a_reaction_is_told_to_who_said_it_once(ana: Person, room: Room) -> None:
    bo, cy = joined(room, "whatsapp", "Bo"), joined(room, "messenger", "Cy")
    message, key = wrote(bo, room, "See you at nine")
    for emoji in ("❤️", "😂", ""):
        reactions.react(ana, message.pk, emoji)
    assert [(one["text"], one["quotes"]) for one in queued(bo)[1:]] == [("*Ana:* ❤️", key)]
    assert heard(cy) == ["Bo: See you at nine"]


def test_a_reaction_to_words_from_the_site_is_told_with_them(ana: Person, room: Room) -> None:
    bo = joined(room)
    joined(room, "messenger", "Cy")
    # They are on the site too.
    message = said(bo.person, room, "See you at nine")
    reactions.react(ana, message.pk, "❤️")
    assert heard(bo)[-1] == "Ana: ❤️ to “See you at nine”"


def test_between_two_a_reaction_is_one_in_apps_that_have_them(ana: Person, room: Room) -> None:
    bo = joined(room, "messenger", "Bo")
    message, key = wrote(bo, room, "See you at nine")
    for emoji in ("❤️", "😂", ""):
        reactions.react(ana, message.pk, emoji)
    assert [(one["text"], one["reacts"], one["quotes"]) for one in queued(bo)] == [
        ("", "❤️", key),
        ("", "😂", key),
        ("", "", key),
    ]


def test_a_reaction_in_an_app_is_seen_in_the_room(ana: Person, room: Room) -> None:
    bo = joined(room, "messenger", "Bo")
    hello = said(ana, room, "Hello")
    show(bo, hello, "m_1")
    answer = finish(say(ana, room, "@Chaski when?"))
    show(bo, answer, "m_2")
    for key, emoji in (("m_1", "👍"), ("m_2", "👍"), ("m_1", "not an emoji"), ("m_3", "👍")):
        event = InboundReaction("2000", Sender(bo.user_id or ""), timezone.now(), id=key, emoji=emoji)
        with transaction.atomic():
            intake.react(channels()["messenger"], event)
    assert [mark.emoji for mark in reactions.marks(hello)] == ["👍"]
    # A thumb under what somebody said is no feedback.
    assert not hello.ratings.exists()
    assert [one.person for one in answer.ratings.all()] == [bo.person]


def test_who_cannot_be_reached_misses_nothing_by_a_reaction(ana: Person, room: Room) -> None:
    bo = joined(room)
    message, _key = wrote(bo, room, "See you at nine")
    day_later(bo)
    reactions.react(ana, message.pk, "❤️")
    assert not room.events.filter(kind="unreached").exists()


# Pictures, voice notes, documents


def picture(person: Person, **fields: Any) -> Picture:
    return Picture.objects.create(person=person, status="done", made="uploaded", files=["picture.jpg"], **fields)


def send(ana: Person, room: Room, text: str = "", **more: Any) -> Message:
    return said(ana, room, text, **more)


def test_a_picture_has_words_beside_it_where_the_app_has_captions(ana: Person, room: Room) -> None:
    bo, cy = joined(room, "whatsapp", "Bo"), joined(room, "messenger", "Cy")
    drawn = {"picture": str(picture(ana).pk), "form": "still"}
    message = send(ana, room, "The hut", pictures=[drawn["picture"]])
    assert [(one["text"], one["drawn"]) for one in queued(bo)[1:]] == [("*Ana:* The hut", drawn)]
    assert [(one["text"], one["drawn"]) for one in queued(cy)] == [("Ana: The hut", None), ("", drawn)]
    send(ana, room, pictures=[drawn["picture"]])
    assert heard(bo)[-1] == "*Ana* sends a picture"
    assert heard(cy)[-2:] == ["Ana sends a picture", ""]
    said(ana, room, "Nice?", quoted=send(ana, room, pictures=[drawn["picture"]]).pk)
    assert heard(cy)[-1] == "↪ Ana: sends a picture\nAna: Nice?"
    assert message.pictures.count() == 1


def test_a_loop_has_the_form_that_each_app_takes(ana: Person, room: Room) -> None:
    doors_ = {app: joined(room, app, app.title()) for app in ACCOUNTS}
    loop = picture(ana)
    Picture.objects.filter(pk=loop.pk).update(made="animated")
    send(ana, room, pictures=[loop.pk])
    assert {app: queued(one)[-1]["drawn"]["form"] for app, one in doors_.items()} == {
        "whatsapp": "video",
        "messenger": "gif",
        "instagram": "video",
    }


def test_a_voice_note_is_one_where_the_app_takes_its_kind(ana: Person, room: Room) -> None:
    doors_ = {app: joined(room, app, app.title()) for app in ACCOUNTS}
    ogg = files.keep(ana, "", recording("ogg", 0.2), Kind.AUDIO)
    send(ana, room, "Who drives?", things=[ogg.pk])
    for app in ("whatsapp", "messenger"):
        words, voice = queued(doors_[app])[-2:]
        assert words["text"].replace("*", "") == "Ana: Who drives?"
        assert (voice["text"], voice["enclosed"]) == ("", {"id": str(ogg.pk), "kind": "audio"})
    # It takes no Ogg; who has no account there cannot open the room on the site.
    assert heard(doors_["instagram"])[-2:] == [
        "Ana: Who drives?",
        "Ana sends “voice.ogg”, which Instagram does not take from me. /link connects you with the website.",
    ]
    mp4 = files.keep(ana, "", recording("mp4", 0.2), Kind.AUDIO)
    send(ana, room, things=[mp4.pk])
    assert queued(doors_["instagram"])[-1]["enclosed"] == {"id": str(mp4.pk), "kind": "audio"}


def test_who_has_an_account_is_led_to_what_their_app_does_not_take(ana: Person, room: Room, settings: Settings) -> None:
    bo = joined(room, "instagram", "Bo")
    Person.objects.filter(pk=bo.person_id).update(is_guest=False)
    text = attachments.keep(ana, "plan.md", "# Plan")
    send(ana, room, files=[text.pk])
    assert heard(bo) == [
        f"Ana sends “plan.md”, which Instagram does not take from me. It is here: {settings.SITE_URL}/rooms/{room.pk}/"
    ]


def test_documents_and_texts_are_documents(ana: Person, room: Room) -> None:
    bo, cy = joined(room, "whatsapp", "Bo"), joined(room, "messenger", "Cy")
    document = files.keep(ana, "Huts.pdf", PDF, Kind.DOCUMENT)
    text = attachments.keep(ana, "", "A long plan")
    send(ana, room, "Both", things=[document.pk], files=[text.pk])
    assert [(one["text"], one["enclosed"]["kind"]) for one in queued(bo)[-2:]] == [
        ("*Ana:* Both", "document"),
        ("", "text"),
    ]
    assert [(one["text"], (one["enclosed"] or {}).get("kind")) for one in queued(cy)[-3:]] == [
        ("Ana: Both", None),
        ("", "document"),
        ("", "text"),
    ]


def test_what_the_app_refuses_after_all_is_told_in_words(ana: Person, room: Room) -> None:
    bo = joined(room)
    document = files.keep(ana, "Huts.pdf", PDF, Kind.DOCUMENT)
    send(ana, room, "Look", things=[document.pk])
    entry = outbox.claim(bo)
    assert entry
    outbox.failed(entry, RefusedMediaError("131053"))
    again = outbox.claim(bo)
    assert again
    assert again.content["enclosed"] is None
    assert again.content["text"].startswith("*Ana:* Look\nAna sends “Huts.pdf”, which WhatsApp does not take from me.")


def test_what_the_app_takes_and_then_refuses_is_told_in_words_too(ana: Person, room: Room) -> None:
    bo = joined(room)
    document = files.keep(ana, "Huts.pdf", PDF, Kind.DOCUMENT)
    send(ana, room, "Look", things=[document.pk])
    entry = outbox.claim(bo)
    assert entry
    key = f"{bo.user_id}.0"
    outbox.sent(entry, key)
    status = StatusChange("1000", Sender(bo.user_id or ""), timezone.now(), "failed", id=key, problem="131053")
    for _twice in range(2):
        with transaction.atomic():
            intake.apply(channels()["whatsapp"], status)
    again = outbox.claim(bo)
    assert again
    assert again.content["enclosed"] is None
    assert again.content["text"].startswith("*Ana:* Look\nAna sends “Huts.pdf”, which WhatsApp does not take from me.")
    outbox.sent(again, f"{bo.user_id}.1")
    with transaction.atomic():
        intake.apply(channels()["whatsapp"], replace(status, id=f"{bo.user_id}.1"))
    assert outbox.claim(bo) is None


# Votes


def test_a_vote_is_asked_with_things_to_tap_and_told_once_it_is_over(ana: Person, room: Room) -> None:
    bo, cy = joined(room, "whatsapp", "Bo"), joined(room, "messenger", "Cy")
    poll = polls.ask(ana, room.pk, "Which weekend?", ["The first one", "Easter"]).poll
    assert poll
    assert queued(cy)[-1]["choices"][1] == {"title": "Easter", "payload": f"vote:{poll.pk}:1", "about": ""}
    number = len(heard(bo))
    polls.vote(cy.person, poll.pk, 1)
    assert len(heard(bo)) == number
    polls.close(ana, poll.pk)
    assert heard(bo)[-1] == "The vote is over: Which weekend?\nThe first one: 0\nEaster: 1"


# Joining


def test_whoever_is_invited_reads_who_is_there_and_for_how_long_it_is_kept(room: Room) -> None:
    bo = writes("whatsapp")
    asked = rooms.invite(channels()["whatsapp"], bo, room.token or "")
    for words in ("Ski trip", "with Ana.", "30 days", "answer when I am called"):
        assert words in asked.text
    assert [choice.title for choice in asked.choices] == ["Join as Bo", "Not now"]
    welcome = rooms.join(channels()["whatsapp"], bo, "Bo")
    assert "as Bo" in welcome.text
    assert bo.conversation_id == room.pk
    assert bo.expects is None


@pytest.mark.parametrize("name", ["Ana", "ANA", "Chaski", " "])
def test_who_poses_as_another_is_asked_for_a_name_again(room: Room, name: str) -> None:
    bo = writes("whatsapp", "Bo")
    rooms.invite(channels()["whatsapp"], bo, room.token or "")
    with pytest.raises((NameTakenError, BadNameError)):
        rooms.join(channels()["whatsapp"], bo, name)
    assert rooms.is_asked(bo)


@pytest.mark.parametrize("token", ["", "wrong-wrong-wrong-wrong-wrong", "../../x"])
def test_a_stranger_with_a_wrong_token_learns_nothing(token: str) -> None:
    bo = writes("whatsapp")
    with pytest.raises(InvitationEndedError):
        rooms.invite(channels()["whatsapp"], bo, token)
    assert bo.conversation_id is None


def test_who_was_blocked_does_not_come_back(ana: Person, room: Room) -> None:
    bo = joined(room)
    membership.remove(ana, room.pk, bo.person.memberships.get().pk, block=True)
    bo.refresh_from_db()
    contacts.update(bo, expects={"room": room.token})
    with pytest.raises(BlockedError):
        rooms.join(channels()["whatsapp"], bo, "Bo")


def test_an_invitation_is_told_by_the_link_or_the_words(room: Room) -> None:
    token, sender, now = room.token or "", Sender("1"), timezone.now()
    assert rooms.token_of(InboundOpening("1000", sender, now, ref=f"room_{token}")) == token
    for text in (f"Join room {token}", f"/join {token}", f" join  room {token} "):
        assert rooms.token_of(InboundMessage("1000", sender, now, id="1", text=text)) == token
    for text in (token, f"Join room {token} now", "Join room x", "/join"):
        assert rooms.token_of(InboundMessage("1000", sender, now, id="1", text=text)) == ""


def catalogue(path: Path, msgid: str, msgstr: str) -> None:
    """A compiled catalogue of one language, as `compilemessages` makes it of a translator's file."""
    texts = [("", "Content-Type: text/plain; charset=UTF-8\n"), (msgid, msgstr)]
    size, rows, data = 28 + 16 * len(texts), ([], []), b""
    for column in (0, 1):
        for text in texts:
            encoded = text[column].encode()
            rows[column].append(struct.pack("<2I", len(encoded), size + len(data)))
            data += encoded + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(texts), 28, 28 + 8 * len(texts), 0, 0)
    path.parent.mkdir(parents=True)
    path.write_bytes(head + b"".join((*rows[0], *rows[1])) + data)


def test_an_invitation_is_told_by_the_words_in_the_language_of_the_page(
    room: Room, settings: Settings, tmp_path: Path
) -> None:
    catalogue(tmp_path / "de" / "LC_MESSAGES" / "django.mo", "Join room %(token)s", "Raum %(token)s betreten")
    settings.LOCALE_PATHS, settings.LANGUAGES = [tmp_path], [("en", "English"), ("de", "Deutsch")]
    settings.WHATSAPP_NUMBER = "15550001111"
    token, sender, now = room.token or "", Sender("1"), timezone.now()
    with translation.override("de"):
        (address,) = [door.address for door in doors.invitations(token) if door.channel == "whatsapp"]
    typed = unquote(address.partition("?text=")[2])
    assert typed == f"Raum {token} betreten"
    # Whoever answers speaks another language, or none that is known.
    for text in (typed, f" raum {token}  betreten. ", f"Join room {token}", f"/join {token}"):
        assert rooms.token_of(InboundMessage("1000", sender, now, id="1", text=text)) == token
    ordinary = (
        f"Wir wollen den Raum {token} betreten",
        f"Raum {token}",
        f"My hotel is room {token}",
        f"Raum {token} betreten\nund mehr",
    )
    for text in ordinary:
        assert rooms.token_of(InboundMessage("1000", sender, now, id="1", text=text)) == ""


def test_the_addresses_of_an_invitation_lead_into_each_app(settings: Settings) -> None:
    settings.WHATSAPP_NUMBER, settings.INSTAGRAM_NAME = "15550001111", "chaski"
    found = {door.channel: door.address for door in doors.invitations("a_b-c" + "x" * 27)}
    token = "a_b-c" + "x" * 27
    assert found == {
        "whatsapp": f"https://wa.me/15550001111?text=Join%20room%20{token}",
        "messenger": f"https://m.me/2000?ref=room_{token}",
        "instagram": f"https://ig.me/m/chaski?ref=room_{token}",
    }


def test_a_chat_hears_one_room_at_a_time(ana: Person, room: Room) -> None:
    bo = joined(room)
    other = membership.make(people.make_guest(), "Eve", "Other")
    contacts.update(bo, expects={"room": other.token})
    rooms.join(channels()["whatsapp"], bo, "Bo")
    said(ana, room, "Hello")
    assert "*Ana:* Hello" not in heard(bo)


def test_a_room_made_of_a_conversation_is_not_joined_by_the_app_where_that_went_on() -> None:
    bo = writes("whatsapp")
    conversation = bo.person.conversations.create()
    contacts.update(bo, conversation=conversation)
    membership.make(bo.person, "Bo", "Trip", conversation.pk)
    bo.refresh_from_db()
    assert bo.conversation_id is None


# Gone


def test_who_is_removed_is_told_and_reads_nothing_more(ana: Person, room: Room) -> None:
    bo = joined(room)
    said(ana, room, "Not sent yet")
    membership.remove(ana, room.pk, bo.person.memberships.get().pk)
    said(ana, room, "He is gone")
    assert heard(bo) == ["You were taken out of the room “Ski trip”. What you write here is for me alone again."]
    bo.refresh_from_db()
    assert bo.conversation_id is None


def test_who_leaves_hears_no_more(room: Room) -> None:
    bo, cy = joined(room, "whatsapp", "Bo"), joined(room, "messenger", "Cy")
    orders.carry_out(bo.person, room.pk, orders.Order("leave"))
    assert heard(cy) == ["Bo has left."]


def test_a_room_that_ends_is_over_for_all(ana: Person, room: Room) -> None:
    bo = joined(room)
    said(ana, room, "Not sent yet")
    membership.end(ana, room.pk)
    assert heard(bo) == ["The room “Ski trip” has ended and is erased. What you write here is for me alone again."]
    bo.refresh_from_db()
    assert bo.conversation_id is None


def test_who_is_alone_in_a_room_is_erased_with_it() -> None:
    bo = writes("whatsapp")
    room = membership.make(people.make_guest(), "Eve", "Other")
    contacts.update(bo, expects={"room": room.token})
    rooms.join(channels()["whatsapp"], bo, "Bo")
    room.refresh_from_db()
    assert room.host
    membership.leave(room.host, room.pk)
    people.erase(bo.person)
    assert not Contact.objects.filter(pk=bo.pk).exists()
    assert not Room.objects.filter(pk=room.pk).exists()


def test_a_name_that_reads_the_other_way_turns_no_sentence_around(ana: Person, room: Room) -> None:
    bo = joined(room, "messenger", "Bo")
    omar = joined(room, "whatsapp", "عمر")
    polls.ask(omar.person, room.pk, "أين؟", ["هنا", "There"])
    membership.remove(ana, room.pk, room.conversation.memberships.get(person=omar.person).pk)
    assert heard(bo) == [
        "\u2068عمر\u2069 is here now.",
        "\u2068عمر\u2069 asks all to vote: \u2068أين؟\u2069",
        "\u2068عمر\u2069 was removed.",
    ]
    assert orders.who(ana, room.pk) == "Here are: Ana (host), Bo."


# Beyond the window


def test_who_cannot_be_reached_is_told_of_once_and_catches_up(ana: Person, room: Room) -> None:
    bo, cy = joined(room, "whatsapp", "Bo"), joined(room, "messenger", "Cy")
    day_later(bo)
    for text in ("One", "Two"):
        said(ana, room, text)
    told = "Bo cannot be reached in WhatsApp now, and reads this once they write again."
    assert heard(cy) == ["Ana: One", told, "Ana: Two"]
    assert heard(bo) == ["Cy is here now."]
    writes_again(bo)
    assert heard(bo) == ["Cy is here now.", "*Ana:* One", "*Ana:* Two"]
    assert list(room.events.filter(kind="back").values_list("name", flat=True)) == ["Bo"]
    said(ana, room, "Three")
    writes_again(bo)
    assert heard(bo)[-1] == "*Ana:* Three"
    assert heard(bo).count("*Ana:* One") == 1


def test_whoever_missed_much_reads_the_end_of_it(ana: Person, room: Room) -> None:
    bo = joined(room)
    day_later(bo)
    for number in range(relay.MOST_MISSED + 5):
        said(ana, room, f"Number {number}")
    writes_again(bo)
    told = heard(bo)
    assert any(one.startswith("5 more things were said") for one in told)
    assert len(told) == relay.MOST_MISSED + 1
    assert "*Ana:* Number 24" in told
    assert "*Ana:* Number 4" not in told


def test_what_the_app_refused_is_passed_on_later(ana: Person, room: Room) -> None:
    bo = joined(room)
    said(ana, room, "One")
    said(ana, room, "Two")
    entry = outbox.claim(bo)
    assert entry
    day_later(bo)
    outbox.failed(entry, WindowClosedError("24 hours"))
    relay.missed(bo)
    assert heard(bo) == []
    assert room.events.filter(kind="unreached").count() == 1
    writes_again(bo)
    assert heard(bo) == ["*Ana:* One", "*Ana:* Two"]


@pytest.mark.parametrize("problem", ["131047", "131026"])
def test_what_the_app_took_and_then_lost_is_passed_on_later_too(ana: Person, room: Room, problem: str) -> None:
    bo, cy = joined(room), joined(room, "messenger", "Cy")
    said(ana, room, "One")
    said(ana, room, "Two")
    for number in range(3):
        entry = outbox.claim(bo)
        assert entry
        outbox.sent(entry, f"{bo.user_id}.{number}")
    said(ana, room, "Three")
    lost = f"{bo.user_id}.2"
    status = StatusChange("1000", Sender(bo.user_id or ""), timezone.now(), "failed", id=lost, problem=problem)
    for _twice in range(2):
        with transaction.atomic():
            intake.apply(channels()["whatsapp"], status)
    bo.refresh_from_db()
    assert heard(bo) == ["Cy is here now.", "*Ana:* One"]
    assert heard(cy)[-1] == "Bo cannot be reached in WhatsApp now, and reads this once they write again."
    assert room.events.filter(kind="unreached").count() == 1
    writes_again(bo)
    assert heard(bo) == ["Cy is here now.", "*Ana:* One", "*Ana:* Two", "*Ana:* Three"]


def test_a_failure_that_says_nothing_of_the_person_loses_them_no_words(ana: Person, room: Room) -> None:
    bo = joined(room)
    said(ana, room, "One")
    said(ana, room, "Two")
    for number in range(2):
        entry = outbox.claim(bo)
        assert entry
        outbox.sent(entry, f"{bo.user_id}.{number}")
    said(ana, room, "Three")
    # One the app has shown, and the other was refused for what it is.
    for number, status, problem in ((0, "delivered", ""), (0, "failed", "131026"), (1, "failed", "131053")):
        event = StatusChange(
            "1000", Sender(bo.user_id or ""), timezone.now(), status, id=f"{bo.user_id}.{number}", problem=problem
        )
        with transaction.atomic():
            intake.apply(channels()["whatsapp"], event)
    bo.refresh_from_db()
    assert (bo.gone_at, bo.missed_after) == (None, None)
    assert heard(bo) == ["*Ana:* One", "*Ana:* Three"]
    assert not room.events.filter(kind="unreached").exists()


def test_who_asked_for_silence_catches_up_when_they_are_back(ana: Person, room: Room) -> None:
    bo = joined(room)
    contacts.update(bo, stopped_at=timezone.now())
    said(ana, room, "One")
    assert heard(bo) == []
    contacts.update(bo, stopped_at=None)
    writes_again(bo)
    assert heard(bo)[-1] == "*Ana:* One"


def test_who_was_removed_while_away_catches_up_with_nothing(ana: Person, room: Room) -> None:
    bo = joined(room)
    day_later(bo)
    said(ana, room, "One")
    membership.remove(ana, room.pk, Member.objects.get(person=bo.person, conversation=room.pk).pk)
    writes_again(bo)
    assert heard(bo) == []
