"""A room by its pages and forms, as somebody without a script does it; and who may do what there."""

import io
import json
import re
import zipfile
from uuid import uuid4

import pytest

from assistant.models import Member, Room, RoomFile, Run
from assistant.rooms import files, membership, talk
from assistant.rooms.talk import Words
from tests.fake_llama import FakeLlama, Gate, says
from tests.people import Visitor
from tests.recordings import recording
from tests.security.attacks import attach, draw, rest
from tests.servers import eventually
from tests.web.rooms.rooms import join, make, text_of


@pytest.fixture
def room(alice: Visitor, bob: Visitor) -> Room:
    """A room of Ana and Bo."""
    made = make(alice)
    join(bob, made)
    return made


def say(visitor: Visitor, room: Room, text: str, **fields: str) -> None:
    response = visitor.post(f"/rooms/{room.pk}/messages", {"text": text, "id": str(uuid4()), **fields})
    assert response.status_code == 302, response.text


def change(visitor: Visitor, room: Room, what: str, **fields: object) -> int:
    return visitor.post(f"/rooms/{room.pk}/change", {"do": what, **fields}).status_code


def page(visitor: Visitor, room: Room, more: str = "") -> str:
    response = visitor.get(f"/rooms/{room.pk}/{more}")
    assert response.status_code == 200
    return response.text


def test_what_is_said_stands_with_names_and_ones_own_at_the_other_side(
    alice: Visitor, bob: Visitor, room: Room
) -> None:
    say(alice, room, "Hello <i>Bo</i>")
    say(bob, room, "Hello Ana")
    his = page(bob, room)
    other, own = re.findall(r'<article class="message (message-\w+)"', his)
    assert (other, own) == ("message-other", "message-user")
    assert "Hello &lt;i&gt;Bo" in his
    assert "Ana Hello" in text_of(his)


def test_the_assistant_answers_all_when_it_is_called(
    alice: Visitor, bob: Visitor, room: Room, fake_llama: FakeLlama
) -> None:
    fake_llama.script(says("In **February**."))
    say(alice, room, "Not for you")
    say(alice, room, "@Chaski when?")
    rest(room.conversation)
    eventually(lambda: room.events.filter(kind="answered").exists())
    assert "<strong>February</strong>" in page(bob, room)
    assert "Chaski to Ana" in text_of(page(bob, room))
    assert Run.objects.filter(conversation=room.pk).count() == 1
    # Nothing of it asks for what only an owner can do.
    assert "data-retry" not in page(bob, room)
    assert "/feedback" not in page(bob, room)


def test_a_page_without_a_script_is_looked_at_again_only_by_a_link(
    bob: Visitor, alice: Visitor, room: Room, fake_llama: FakeLlama
) -> None:
    gate = Gate()
    fake_llama.script(says("In February.", gate=gate))
    say(alice, room, "@Chaski when?")
    shown = page(bob, room)
    gate.open()
    assert "data-run" in shown
    # What is being typed would be lost.
    assert "http-equiv" not in shown
    assert re.search(rf'<noscript>.*href="/rooms/{room.pk}/">Look again</a>', shown)


def test_commands_work_without_a_script(alice: Visitor, bob: Visitor, room: Room) -> None:
    told = alice.post(f"/rooms/{room.pk}/messages", {"text": "/who", "id": str(uuid4())})
    assert "Here are: Ana (host), Bo." in text_of(told.text)
    say(alice, room, "/poll When? | Friday | Saturday")
    poll = room.polls.get()
    assert bob.post(f"/rooms/{room.pk}/vote?poll={poll.pk}", {"option": "1"}).status_code == 302
    assert re.search(r'value="1"[^>]*aria-pressed="true"', page(bob, room))
    assert not re.search(r'aria-pressed="true"', page(alice, room))
    assert bob.post(f"/rooms/{room.pk}/vote?poll={poll.pk}", {"option": "7"}).status_code == 400
    assert bob.post(f"/rooms/{room.pk}/vote?poll={uuid4()}", {"option": "1"}).status_code == 404
    left = bob.post(f"/rooms/{room.pk}/messages", {"text": "/leave", "id": str(uuid4())})
    assert left.headers["location"] == "/"
    assert bob.get(f"/rooms/{room.pk}/").status_code == 404


def test_what_is_refused_is_said_on_the_page_with_what_was_typed(alice: Visitor, bob: Visitor, room: Room) -> None:
    say(bob, room, "By train?")
    message = room.conversation.messages.get(text="By train?")
    fields = {"text": "/poll Nothing to choose", "id": str(uuid4()), "quoted": str(message.pk)}
    refused = alice.post(f"/rooms/{room.pk}/messages", fields)
    assert refused.status_code == 400
    assert "/poll Nothing to choose</textarea>" in refused.text
    assert f'name="quoted" value="{message.pk}"' in refused.text
    # Which counts what a member does, with what they say.
    for _ in range(100):
        reacted = alice.post(f"/rooms/{room.pk}/react?message={message.pk}", {"emoji": "👍"})
        if reacted.status_code != 302:
            break
    assert reacted.status_code == 429
    assert 'id="thread"' in reacted.text
    assert 'role="alert"' in reacted.text


def test_a_vote_is_begun_by_a_form_and_ended_by_who_began_it_or_the_host(
    alice: Visitor, bob: Visitor, room: Room, carol: Visitor
) -> None:
    join(carol, room, "Cy")
    link = f"/rooms/{room.pk}/votes"
    assert f'href="{link}"' in page(bob, room)
    assert 'name="question"' in bob.get(link).text
    refused = bob.post(link, {"question": "When?", "option": ["Friday", " ", ""], "id": str(uuid4())})
    assert refused.status_code == 400
    assert 'value="When?"' in refused.text
    assert 'value="Friday"' in refused.text
    fields = {"question": "When | where?", "option": ["Fri | day", "Saturday", ""], "id": str(uuid4())}
    for _ in range(2):
        assert bob.post(link, fields).headers["location"] == f"/rooms/{room.pk}/"
    poll = room.polls.get()
    assert (poll.question, poll.options) == ("When | where?", ["Fri | day", "Saturday"])
    vote = f"/rooms/{room.pk}/vote?poll={poll.pk}"
    assert carol.post(vote, {"option": "1"}).status_code == 302
    assert carol.post(vote, {"close": "1"}).status_code == 404
    # Only to those who may is it offered.
    shown = {name: bool(re.search(r'class="poll"[^>]*data-may', page(one, room))) for name, one in
             {"host": alice, "who began it": bob, "another": carol}.items()}  # fmt: skip
    assert shown == {"host": True, "who began it": True, "another": False}
    assert bob.post(vote, {"close": "1"}).status_code == 302
    assert "The vote “When | where?” is over: Saturday, with 1 of 1 vote" in text_of(page(carol, room))
    assert "End the vote" not in page(alice, room)
    assert carol.post(vote, {"option": "0"}).status_code == 400


def test_a_vote_that_nobody_won_says_so(alice: Visitor, bob: Visitor, room: Room) -> None:
    for votes in ((), ((alice, "0"), (bob, "1"))):
        say(alice, room, "/poll When? | Friday | Saturday")
        poll = room.polls.get(closed_at=None)
        for visitor, option in votes:
            visitor.post(f"/rooms/{room.pk}/vote?poll={poll.pk}", {"option": option})
        alice.post(f"/rooms/{room.pk}/vote?poll={poll.pk}", {"close": "1"})
    shown = text_of(page(bob, room))
    assert "The vote “When?” is over: nobody voted" in shown
    assert "The vote “When?” is over, undecided between: Friday, Saturday" in shown


def test_only_so_many_votes_are_open_at_once(alice: Visitor, room: Room) -> None:
    for number in range(5):
        say(alice, room, f"/poll Number {number}? | Yes | No")
    refused = alice.post(f"/rooms/{room.pk}/messages", {"text": "/poll One more? | Yes | No", "id": str(uuid4())})
    assert refused.status_code == 400
    assert "Please end one first" in text_of(refused.text)


def test_a_vote_of_another_room_is_none_here(alice: Visitor, room: Room) -> None:
    other = make(alice, title="Another")
    say(alice, other, "/poll When? | Friday | Saturday")
    poll = other.polls.get()
    assert alice.post(f"/rooms/{room.pk}/vote?poll={poll.pk}", {"option": "1"}).status_code == 404
    assert not poll.votes.exists()


def test_who_asked_for_a_picture_goes_on_with_it(alice: Visitor, bob: Visitor, room: Room) -> None:
    run = talk.say(bob.person, room.pk, Words("@Chaski, a llama", uuid4())).run
    assert run
    picture = draw(bob)
    run.answer.pictures.add(picture)
    Run.objects.filter(pk=run.pk).update(status=Run.Status.DONE)
    talk.ended(run.pk)
    # The page is the same for all, and the style sheet hides what is offered to one.
    offered = {name: bool(re.search(r"<article[^>]*data-asked[\s\S]*by-asker", page(one, room))) for name, one in
               {"the host": alice, "who asked": bob}.items()}  # fmt: skip
    assert offered == {"the host": False, "who asked": True}
    assert f'href="/p/{picture.pk}/"' in page(bob, room)
    assert bob.get(f"/p/{picture.pk}/").status_code == 200
    assert alice.get(f"/p/{picture.pk}/").status_code == 404


def test_ones_own_words_are_changed_and_nobody_elses(alice: Visitor, bob: Visitor, room: Room) -> None:
    say(alice, room, "At <b>eihgt</b>")
    message = room.conversation.messages.get(text="At <b>eihgt</b>")
    link = f"/rooms/{room.pk}/edit/{message.pk}"
    assert f'href="{link}"' in page(alice, room)
    assert "At &lt;b&gt;eihgt&lt;/b&gt;</textarea>" in alice.get(link).text
    for one in (bob.get(link), bob.post(link, {"text": "Mine now"})):
        assert one.status_code == 404
    refused = alice.post(link, {"text": "x" * 20_000})
    assert refused.status_code == 400
    assert "x" * 20_000 in refused.text
    assert "This message is too long" in text_of(refused.text)
    assert alice.post(link, {"text": "  "}).status_code == 400
    saved = alice.post(link, {"text": "At eight"})
    assert (saved.status_code, saved.headers["location"]) == (302, f"/rooms/{room.pk}/")
    assert "At eight edited" in text_of(page(bob, room))
    # Another room of hers does not lead to it.
    other = make(alice, title="Another")
    assert alice.post(f"/rooms/{other.pk}/edit/{message.pk}", {"text": "Moved"}).status_code == 404


def test_only_ones_own_words_are_taken_back(alice: Visitor, bob: Visitor, room: Room) -> None:
    say(alice, room, "A mistake")
    message = room.conversation.messages.get(text="A mistake")
    assert bob.post(f"/rooms/{room.pk}/unsay", {"message": str(message.pk)}).status_code == 404
    assert "A mistake" in page(bob, room)
    assert alice.post(f"/rooms/{room.pk}/unsay", {"message": str(message.pk)}).status_code == 302
    assert "A mistake" not in page(bob, room)


def test_one_reacts_to_what_was_said_and_takes_that_back(
    alice: Visitor, bob: Visitor, carol: Visitor, room: Room
) -> None:
    say(alice, room, "We go by train")
    message = room.conversation.messages.get(text="We go by train")
    link = f"/rooms/{room.pk}/react?message={message.pk}"
    join(carol, room, "Cy")
    assert carol.post(link, {"emoji": "👍"}).status_code == 404
    assert bob.post(f"/rooms/{room.pk}/react?message={uuid4()}", {"emoji": "👍"}).status_code == 404
    assert bob.post(link, {"emoji": "<b>"}).status_code == 400
    for visitor in (alice, bob):
        assert visitor.post(link, {"emoji": "👍"}).status_code == 302
    for visitor in (alice, bob):
        (button,) = re.findall(r'<button class="reaction"[^>]*>.*?</button>', page(visitor, room), re.DOTALL)
        assert 'aria-pressed="true"' in button
        # Pressed again it is taken back.
        assert 'value=""' in button
        assert 'aria-label="👍 Ana, Bo"' in button
    assert bob.post(link, {"emoji": ""}).status_code == 302
    (button,) = re.findall(r'<button class="reaction"[^>]*>.*?</button>', page(bob, room), re.DOTALL)
    assert 'aria-pressed="false"' in button
    assert 'aria-label="👍 Ana"' in button


def test_a_message_of_another_room_is_not_reacted_to_here(alice: Visitor, room: Room) -> None:
    other = make(alice, title="Another")
    say(alice, other, "Elsewhere")
    message = other.conversation.messages.get(text="Elsewhere")
    assert alice.post(f"/rooms/{room.pk}/react?message={message.pk}", {"emoji": "👍"}).status_code == 404
    assert not message.reactions.exists()


def test_a_reply_shows_to_what_it_is_one(alice: Visitor, bob: Visitor, room: Room) -> None:
    say(alice, room, "Shall we go by train?")
    message = room.conversation.messages.get(text="Shall we go by train?")
    form = page(bob, room, f"?reply={message.pk}")
    assert f'name="quoted" value="{message.pk}"' in form
    say(bob, room, "Yes", quoted=str(message.pk))
    assert re.search(r"<blockquote.*Ana.*Shall we go by train\?.*</blockquote>", page(alice, room))


def test_who_joined_later_reads_neither_what_was_said_nor_quotes_of_it(
    alice: Visitor, bob: Visitor, room: Room
) -> None:
    change(alice, room, "remove", member=Member.objects.get(person=bob.person, conversation=room.pk).pk)
    say(alice, room, "A surprise for Bo")
    message = room.conversation.messages.get(text="A surprise for Bo")
    join(bob, room, "Bo again")
    say(alice, room, "Do not tell", quoted=str(message.pk))
    his = page(bob, room)
    assert "Do not tell" in his
    assert "A surprise" not in his
    assert f'name="quoted" value="{message.pk}"' not in page(bob, room, f"?reply={message.pk}")
    assert "A surprise" in page(alice, room)


def test_long_rooms_are_paged_by_numbers_without_gap_or_double(alice: Visitor, bob: Visitor, room: Room) -> None:
    for number in range(120):
        talk.say(alice.person, room.pk, Words(f"word-{number}-", uuid4()))
    seen: list[str] = []
    address: str | None = f"/rooms/{room.pk}/"
    while address:
        html = bob.get(address).text
        seen = re.findall(r"word-\d+-", html) + seen
        link = re.search(r'class="chip" href="([^"]*)"', html)
        address = link[1].replace("&amp;", "&") if link else None
    assert seen == [f"word-{number}-" for number in range(120)]


def test_what_was_not_read_is_marked_once(alice: Visitor, bob: Visitor, room: Room) -> None:
    page(bob, room)
    say(alice, room, "News")
    assert "new messages" in text_of(bob.get("/").text)
    assert 'id="unread"' in page(bob, room)
    assert 'id="unread"' not in page(bob, room)
    assert "new messages" not in text_of(bob.get("/").text)
    # One's own words are read.
    assert "new messages" not in text_of(alice.get("/").text)


HOSTS = ["rename", "lock", "unlock", "invite", "close", "hand_over", "remove", "block", "end"]


@pytest.mark.parametrize("what", HOSTS)
def test_only_the_host_changes_the_room(alice: Visitor, bob: Visitor, room: Room, what: str) -> None:
    ana = Member.objects.get(person=alice.person, conversation=room.pk)
    before = Room.objects.filter(pk=room.pk).values().get()
    assert change(bob, room, what, member=ana.pk, title="Bo’s") == 409
    assert Room.objects.filter(pk=room.pk).values().get() == before
    sheet = bob.get(f"/rooms/{room.pk}/people").text
    assert f'value="{what}"' not in sheet
    bo = Member.objects.get(person=bob.person, conversation=room.pk)
    assert change(alice, room, what, member=bo.pk, title="Ana’s") == 302


def test_who_was_removed_reads_nothing_by_any_address(
    alice: Visitor, bob: Visitor, room: Room, fake_llama: FakeLlama
) -> None:
    say(alice, room, "@Chaski draw")
    rest(room.conversation)
    picture = draw(alice)
    answer = room.conversation.messages.get(role="assistant")
    answer.pictures.add(picture)
    file = f"/rooms/{room.pk}/pictures/{picture.pk}/picture.jpg"
    eventually(lambda: room.events.filter(kind="answered").exists())
    assert bob.get(file).status_code == 200
    assert f"pictures/{picture.pk}/picture.webp" in page(bob, room)
    # The owner's own addresses stay closed.
    assert bob.get(f"/p/{picture.pk}/").status_code == 404
    assert bob.get(f"/p/{picture.pk}/picture.jpg").status_code == 404
    bo = Member.objects.get(person=bob.person, conversation=room.pk)
    assert change(alice, room, "remove", member=bo.pk) == 302
    for address in ("", "messages", "people", f"pictures/{picture.pk}/picture.jpg"):
        assert bob.get(f"/rooms/{room.pk}/{address}").status_code == 404
    assert bob.get(f"/r/{answer.run.pk}/icon").status_code == 404
    assert change(bob, room, "leave") == 404


def test_a_picture_that_stands_in_no_answer_of_the_room_is_not_shown(alice: Visitor, room: Room) -> None:
    picture = draw(alice)
    assert alice.get(f"/rooms/{room.pk}/pictures/{picture.pk}/picture.jpg").status_code == 404


def test_a_file_is_read_by_those_who_may_read_its_message(alice: Visitor, bob: Visitor, room: Room) -> None:
    file = attach(alice)
    say(alice, room, "Look at this", attachments=str(file.pk))
    assert f"/attachments/{file.pk}/" in page(bob, room)
    opened = bob.get(f"/attachments/{file.pk}/")
    assert f'href="/rooms/{room.pk}/"' in opened.text
    change(alice, room, "remove", member=Member.objects.get(person=bob.person, conversation=room.pk).pk)
    assert bob.get(f"/attachments/{file.pk}/").status_code == 404
    # Who comes back reads nothing of before.
    join(bob, room, "Bo again")
    for name in ("", "text"):
        assert bob.get(f"/attachments/{file.pk}/{name}").status_code == 404
    assert alice.get(f"/attachments/{file.pk}/text").status_code == 200


def test_a_voice_note_and_a_document_are_had_by_those_who_may_read_their_message(
    alice: Visitor, bob: Visitor, room: Room
) -> None:
    voice = files.keep(alice.person, "", recording("ogg", 1), RoomFile.Kind.AUDIO)
    document = files.keep(alice.person, "Huts <2>.pdf", b"%PDF-1.4 huts", RoomFile.Kind.DOCUMENT)
    talk.say(alice.person, room.pk, Words("", uuid4(), things=[voice.pk, document.pk]))
    shown = page(bob, room)
    assert f'<audio class="message-sound" src="/rooms/{room.pk}/files/{voice.pk}"' in shown
    assert "Huts &lt;2&gt;.pdf" in shown
    response = bob.get(f"/rooms/{room.pk}/files/{document.pk}")
    assert response.content == b"%PDF-1.4 huts"
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in response.headers["content-security-policy"]
    # A phone's player asks for a part.
    part = bob.get(f"/rooms/{room.pk}/files/{voice.pk}", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content, part.headers["content-type"]) == (206, b"OggS", "audio/ogg")
    other = make(alice, title="Another")
    assert alice.get(f"/rooms/{other.pk}/files/{voice.pk}").status_code == 404
    change(alice, room, "remove", member=Member.objects.get(person=bob.person, conversation=room.pk).pk)
    join(bob, room, "Bo again")
    assert bob.get(f"/rooms/{room.pk}/files/{voice.pk}").status_code == 404


def test_words_that_were_changed_say_so(alice: Visitor, bob: Visitor, room: Room) -> None:
    said = talk.say(alice.person, room.pk, Words("At eight", uuid4())).event.message
    assert said
    talk.edit(alice.person, said.pk, "At nine")
    assert "At nine edited" in text_of(page(bob, room))
    assert "At eight" not in page(bob, room)


def test_nonsense_changes_nothing(alice: Visitor, room: Room) -> None:
    for what in ("", "explode", "remove", "hand_over"):
        assert change(alice, room, what) in (400, 404), what
    assert membership.members_of(room)[0].name == "Ana"


def test_your_data_counts_and_holds_what_one_said_in_rooms(alice: Visitor, bob: Visitor, room: Room) -> None:
    say(bob, room, "My own words")
    say(alice, room, "Words of Ana")
    huts = files.keep(bob.person, "Huts.pdf", b"%PDF-1.4 huts", RoomFile.Kind.DOCUMENT)
    talk.say(bob.person, room.pk, Words("Look", uuid4(), things=[huts.pk]))
    assert "2 messages of yours in rooms" in text_of(bob.get("/you/").text)
    packed = bob.post("/you/export").content
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        said = json.loads(archive.read("rooms.json"))
        assert archive.read(f"rooms/{huts.pk}-Huts.pdf") == b"%PDF-1.4 huts"
    assert [(one["room"], one["name"], one["text"], one["files"]) for one in said] == [
        ("Ski trip", "Bo", "My own words", []),
        ("Ski trip", "Bo", "Look", [f"{huts.pk}-Huts.pdf"]),
    ]
    assert b"Words of Ana" not in packed
