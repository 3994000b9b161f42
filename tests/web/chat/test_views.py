"""The pages where no script runs, and what they say when something is not as it should be."""

import itertools
import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from assistant import conversations, people
from assistant.models import Conversation, Feedback, Message, Person, Run
from tests.clients import browser
from tests.fake_llama import FakeLlama, Gate, fails, loading, says
from tests.people import Socket, Visitor, next_address
from tests.servers import Site, Valkey, eventually


def visible(html: str) -> str:
    """What one reads of it."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())


def shown_messages(html: str) -> list[str]:
    """What each message on a page says."""
    page = re.sub(r"(?s)<template.*?</template>", "", html)
    articles = re.findall(r'(?s)<div class="prose[^"]*"[^>]*>(.*?)</div>\s*<footer', page)
    return [visible(article) for article in articles]


def draft(html: str) -> str:
    """The words in the field to write in."""
    [text] = re.findall(r'(?s)<textarea id="text"[^>]*>(.*?)</textarea>', html)
    return unescape(str(text))


def alert(html: str) -> str:
    """The sentence above the field."""
    return unescape(" ".join(re.findall(r'(?s)role="alert">(.*?)<', html)))


def answered(conversation: Conversation) -> Conversation:
    """The conversation, once nothing is being written in it."""
    eventually(lambda: not conversation.runs.filter(status="running").exists())
    return conversation


def address(conversation: Conversation) -> str:
    return f"/c/{conversation.id}/"


def message(conversation: Conversation, text: str) -> Message:
    return conversation.messages.get(text=text, shown=True)


def fill(person: Person, count: int, title: str = "Long") -> Conversation:
    """A conversation of so many messages, told by their positions."""
    conversation = conversations.begin(person, title)
    roles = Message.Role.ASSISTANT, Message.Role.USER
    Message.objects.bulk_create(
        Message(conversation=conversation, position=position, role=roles[position % 2], text=f"number {position}.")
        for position in range(1, count + 1)
    )
    return conversation


# Forms


def test_a_person_talks_by_forms_alone(alice: Visitor, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("First **answer**."), says("Second answer."))
    conversation = answered(alice.begin("Good morning"))
    response = alice.post(f"{address(conversation)}messages", {"text": "And then?"})
    assert (response.status_code, response.headers["location"]) == (302, address(conversation))
    answered(conversation)
    page = alice.get(address(conversation)).text
    assert shown_messages(page) == ["Good morning", "First answer.", "And then?", "Second answer."]
    assert draft(page) == alert(page) == ""


def test_no_page_waits_for_an_answer_that_ended_while_it_was_made() -> None:
    person = people.make_guest()
    conversation = conversations.begin(person, "Rain")
    answer = conversation.messages.create(position=1, role=Message.Role.ASSISTANT)
    run = Run.objects.create(conversation=conversation, answer=answer)
    client = browser(person)

    def made_while_it_ends(query: int) -> str:
        """The page, where the answer is stopped behind a query."""
        left = itertools.count(query, -1)

        def end(execute: Callable[..., object], *arguments: object) -> object:
            result = execute(*arguments)
            if next(left) == 0:
                Run.objects.filter(pk=run.pk).update(status=Run.Status.STOPPED)
            return result

        Run.objects.filter(pk=run.pk).update(status=Run.Status.RUNNING)
        with connection.execute_wrapper(end):
            return client.get(address(conversation)).content.decode()

    pages = [made_while_it_ends(query) for query in range(20)]
    for page in pages:
        assert ('data-run="' in page) == ('http-equiv="refresh"' in page)
    assert {"You stopped this answer." in page for page in pages} == {True, False}


def test_a_page_without_script_looks_again_while_an_answer_is_written(alice: Visitor, fake_llama: FakeLlama) -> None:
    gate = Gate()
    fake_llama.script(says("Slowly.", gate=gate))
    conversation = alice.begin()
    assert '<noscript><meta http-equiv="refresh"' in alice.get(address(conversation)).text
    gate.open()
    answered(conversation)
    assert 'http-equiv="refresh"' not in alice.get(address(conversation)).text


def test_a_person_edits_what_they_said(alice: Visitor, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("Old."), says("New."))
    conversation = answered(alice.begin("Helo"))
    said = message(conversation, "Helo")
    page = alice.get(f"{address(conversation)}?edit={said.id}").text
    assert f'action="/m/{said.id}/edit"' in page
    assert alice.post(f"/m/{said.id}/edit", {"text": "Hello"}).status_code == 302
    answered(conversation)
    assert shown_messages(alice.get(address(conversation)).text) == ["Hello", "New."]


def test_a_person_asks_for_another_answer(alice: Visitor, fake_llama: FakeLlama) -> None:
    fake_llama.script(fails(400), says("Here it is."))
    conversation = answered(alice.begin("Hello"))
    answer = conversation.messages.get(role="assistant")
    assert f'formaction="/m/{answer.id}/retry"' in alice.get(address(conversation)).text
    assert alice.post(f"/m/{answer.id}/retry").status_code == 302
    answered(conversation)
    assert shown_messages(alice.get(address(conversation)).text) == ["Hello", "Here it is."]


def test_a_form_that_is_sent_twice_makes_one_answer(alice: Visitor, fake_llama: FakeLlama) -> None:
    conversation = answered(alice.begin("Hello"))
    answer = conversation.messages.get(role="assistant")
    form = alice.get(address(conversation)).text.split('<form id="act"')[1]
    [page_id] = re.findall(r'name="id" value="([^"]+)"', form.split("</form>")[0])
    for _ in range(2):
        response = alice.post(f"/m/{answer.id}/retry", {"id": page_id, "revision": "shorter"})
        assert (response.status_code, response.headers["location"]) == (302, address(conversation))
        answered(conversation)
    assert conversation.messages.filter(role="assistant").count() == 2
    unknown = alice.post(f"/m/{answer.id}/retry", {"id": page_id, "revision": "ruder"})
    assert (unknown.status_code, alert(unknown.text)[:23]) == (400, "This could not be read.")


def test_a_person_chooses_versions_by_forms_alone(alice: Visitor, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("Old."), says("New."))
    conversation = answered(alice.begin("Hello"))
    old = message(conversation, "Old.")
    alice.post(f"/m/{old.id}/retry")
    page = alice.get(f"/c/{answered(conversation).id}/").text
    assert shown_messages(page) == ["Hello", "New."]
    assert f'formaction="/m/{old.id}/show"' in page
    response = alice.post(f"/m/{old.id}/show")
    assert (response.status_code, response.headers["location"]) == (302, f"{address(conversation)}#m-{old.id}")
    assert shown_messages(alice.get(address(conversation)).text) == ["Hello", "Old."]
    gate = Gate()
    fake_llama.script(says("Slowly.", gate=gate))
    alice.post(f"{address(conversation)}messages", {"text": "And?"})
    newer = conversation.messages.get(text="New.")
    refused = alice.post(f"/m/{newer.id}/show")
    assert (refused.status_code, "still being written" in alert(refused.text)) == (409, True)
    quiet = alice.post(f"/m/{newer.id}/show", headers={"X-Fragment": "1"})
    assert (quiet.status_code, quiet.json()["code"]) == (409, "busy")
    gate.open()
    answered(conversation)


def test_only_an_answer_that_ended_early_is_offered_to_go_on(alice: Visitor, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("One two", reason="length"), says("three."))
    conversation = answered(alice.begin("Count"))
    answer = conversation.messages.get(role="assistant")
    assert 'value="continue"' in alice.get(address(conversation)).text
    assert alice.post(f"/m/{answer.id}/retry", {"revision": "continue"}).status_code == 302
    answered(conversation)
    page = alice.get(address(conversation)).text
    assert shown_messages(page) == ["Count", "One two three."]
    assert 'value="continue"' not in page
    refused = alice.post(f"/m/{answer.id}/retry", {"revision": "continue"})
    assert (refused.status_code, alert(refused.text)[:24]) == (409, "This answer is complete.")


def test_a_person_stops_an_answer(alice: Visitor, fake_llama: FakeLlama) -> None:
    gate = Gate()
    gate.let(2)
    fake_llama.script(says("One two three four.", gate=gate))
    conversation = alice.begin()
    run = conversation.runs.get()
    fake_llama.wait_for(lambda counts: counts.written >= 3)
    assert alice.post(f"/r/{run.id}/stop").status_code == 302
    fake_llama.wait_for(lambda counts: counts.closed_by_client == 1, 1.5)
    answered(conversation)
    page = alice.get(address(conversation)).text
    assert shown_messages(page) == ["Hello", "One two"]
    assert "You stopped this answer." in page


def test_a_person_names_and_deletes_a_conversation(alice: Visitor) -> None:
    conversation = answered(alice.begin())
    assert alice.post(f"{address(conversation)}rename", {"title": "  My\n llamas "}).status_code == 302
    assert "My llamas" in alice.get("/c/").text
    for invisible in (" ", "\u200b\u2800", "\u202e", "\u3164"):
        refused = alice.post(f"{address(conversation)}rename", {"title": invisible})
        assert (refused.status_code, refused.text) == (400, "A name needs at least one letter.")
    assert alice.post(f"{address(conversation)}delete").status_code == 302
    assert alice.get(address(conversation)).status_code == 404
    assert "My llamas" not in alice.get("/c/").text


def test_a_person_says_what_they_think_of_an_answer(alice: Visitor) -> None:
    conversation = answered(alice.begin())
    answer = conversation.messages.get(role="assistant")
    assert alice.post(f"/m/{answer.id}/feedback", {"good": "0", "word": " Too short. "}).status_code == 302
    given = Feedback.objects.get(message=answer)
    assert (given.good, given.word, given.person) == (False, "Too short.", alice.person)
    quiet = alice.post(f"/m/{answer.id}/feedback", {"good": "1"}, headers={"X-Fragment": "1"})
    assert quiet.status_code == 204
    given.refresh_from_db()
    assert (given.good, given.word) == (True, "")
    assert re.search(r'value="none"\s+aria-pressed="true"', alice.get(address(conversation)).text)
    assert alice.post(f"/m/{answer.id}/feedback", {"good": "perhaps"}).status_code == 400
    question = conversation.messages.get(role="user")
    assert alice.post(f"/m/{question.id}/feedback", {"good": "1"}).status_code == 400


# Words that could not be taken stay on the page


def test_too_many_words_stay_on_the_start_page(alice: Visitor) -> None:
    text = "a <b>word</b> " * 2000
    response = alice.post("/", {"text": text, "id": str(uuid4())})
    assert response.status_code == 400
    assert draft(response.text) == text
    assert alert(response.text) == "This message is too long. Please send it in parts."
    assert alice.session_key == ""


def test_too_many_words_stay_on_the_page_of_the_conversation(alice: Visitor) -> None:
    conversation = answered(alice.begin())
    text = "word " * 4000
    response = alice.post(f"{address(conversation)}messages", {"text": text})
    assert response.status_code == 400
    assert draft(response.text) == text
    assert alert(response.text) == "This message is too long. Please send it in parts."
    assert len(shown_messages(response.text)) == 2


def test_words_said_too_early_stay_on_the_page(alice: Visitor, fake_llama: FakeLlama) -> None:
    gate = Gate()
    fake_llama.script(says("Slowly.", gate=gate))
    conversation = alice.begin()
    response = alice.post(f"{address(conversation)}messages", {"text": "And?"})
    assert response.status_code == 409
    assert draft(response.text) == "And?"
    assert "still being written" in alert(response.text)
    edited = alice.post(f"/m/{conversation.messages.get(role='user').id}/edit", {"text": "Other words"})
    assert (edited.status_code, draft(edited.text)) == (409, "Other words")
    gate.open()
    answered(conversation)


def test_a_message_whose_id_is_none_is_refused_with_its_words(alice: Visitor) -> None:
    conversation = answered(alice.begin())
    for path in (f"{address(conversation)}messages", f"/m/{conversation.messages.get(role='user').id}/edit"):
        response = alice.post(path, {"text": "Again", "id": "seven"})
        assert (response.status_code, draft(response.text)) == (400, "Again")


# Long conversations, and many


def test_a_long_conversation_comes_fifty_messages_at_a_time(alice: Visitor) -> None:
    answered(alice.begin())
    conversation = fill(alice.person, 120)
    page = alice.get(address(conversation)).text
    assert shown_messages(page) == [f"number {position}." for position in range(71, 121)]
    [earlier] = re.findall(r'class="earlier"><a class="chip" href="([^"]*)"', page)
    assert earlier == f"{address(conversation)}messages?before=71"
    fragment = alice.get(earlier, headers={"X-Fragment": "1"}).text
    assert shown_messages(fragment) == [f"number {position}." for position in range(21, 71)]
    assert "<html" not in fragment
    whole = alice.get(earlier).text
    assert shown_messages(whole) == shown_messages(fragment)
    assert "<html" in whole
    first = alice.get(f"{address(conversation)}messages?before=21", headers={"X-Fragment": "1"}).text
    assert shown_messages(first) == [f"number {position}." for position in range(1, 21)]
    assert 'class="earlier"' not in first


@pytest.mark.parametrize("before", ["", "-1", "x", "1e3", "9" * 30, "٣"])
def test_a_place_that_makes_no_sense_shows_the_end(alice: Visitor, before: str) -> None:
    answered(alice.begin())
    conversation = fill(alice.person, 3)
    response = alice.get(f"{address(conversation)}messages", params={"before": before}, headers={"X-Fragment": "1"})
    assert shown_messages(response.text) == ["number 1.", "number 2.", "number 3."]


def found(visitor: Visitor, query: str) -> list[str]:
    """The names of the conversations that a search finds."""
    html = visitor.get("/c/", params={"q": query}, headers={"X-Fragment": "1"}).text
    return [visible(title) for title in re.findall(r'(?s)class="conversation"[^>]*>(.*?)</a>', html)]


def test_a_person_finds_conversations_by_their_names_and_words(alice: Visitor, bob: Visitor) -> None:
    conversation = answered(alice.begin("What do vicuñas eat?"))
    answered(bob.begin("My own vicuñas"))
    fill(alice.person, 2, "About alpacas")
    assert found(alice, "vicuñas") == [conversation.title]
    assert found(alice, "ALPACA") == ["About alpacas"]
    assert found(alice, "hello from the llama") == [conversation.title]
    assert found(alice, "number 2") == ["About alpacas"]
    for nothing in ("guanaco", "%", "' OR 1=1 --"):
        assert found(alice, nothing) == []
    assert "Nothing found." in alice.get("/c/?q=guanaco").text


def test_what_was_found_is_marked_and_leads_to_its_message(alice: Visitor) -> None:
    answered(alice.begin())
    conversation = fill(alice.person, 2, "About <b>alpacas</b>")
    said = conversation.messages.get(position=1)
    said.text = "A <script>guanaco</script> & **vicuñas**"
    said.save()
    page = alice.get("/c/", params={"q": "VICUNAS"}).text
    [excerpt] = re.findall(r'<p class="excerpt"[^>]*>(.*?)</p>', page)
    assert excerpt == "A &lt;script&gt;guanaco&lt;/script&gt; &amp; **<mark>vicuñas</mark>**"
    [link] = re.findall(r'<a class="conversation" href="([^"]*message[^"]*)"', page)
    assert link == f"{address(conversation)}?message={said.id}#m-{said.id}"
    assert "About &lt;b&gt;<mark>alpacas</mark>&lt;/b&gt;" in alice.get("/c/", params={"q": "alpacas"}).text
    assert f'id="m-{said.id}"' in alice.get(link).text


def positions(html: str) -> list[int]:
    return [int(text.removeprefix("number ").removesuffix(".")) for text in shown_messages(html)]


def test_a_found_message_is_shown_with_those_around_it(alice: Visitor) -> None:
    answered(alice.begin())
    conversation = fill(alice.person, 170)
    ids = dict(conversation.messages.values_list("position", "id"))

    def page(position: int) -> str:
        return alice.get(address(conversation), params={"message": str(ids[position])}).text

    assert positions(page(1)) == list(range(1, 27))
    assert positions(page(60)) == list(range(36, 86))
    assert positions(page(121)) == list(range(121, 171))
    assert 'class="later"' not in page(121)
    [later] = re.findall(r'class="later"><a class="chip" href="([^"]*)"', page(60))
    assert later == f"{address(conversation)}messages?after=85"
    fragment = alice.get(later, headers={"X-Fragment": "1"}).text
    assert positions(fragment) == list(range(86, 136))
    assert 'class="earlier"' not in fragment
    assert "messages?after=135" in fragment
    last = alice.get(f"{address(conversation)}messages?after=135").text
    assert positions(last) == list(range(136, 171))
    assert 'class="later"' not in last
    assert "messages?before=136" in last
    assert positions(alice.get(f"{address(conversation)}messages?before=86").text)[-1] == 85


@pytest.mark.parametrize("named", ["", "x", "0" * 32])
def test_a_message_that_is_not_there_shows_the_end(alice: Visitor, bob: Visitor, named: str) -> None:
    answered(alice.begin())
    conversation = fill(alice.person, 120)
    foreign = answered(bob.begin()).messages.first()
    for message in (named, str(foreign and foreign.id)):
        assert positions(alice.get(address(conversation), params={"message": message}).text)[-1] == 120
    assert alice.get(f"{address(conversation)}messages?after=999", headers={"X-Fragment": "1"}).status_code == 200


def test_many_results_come_in_pages(alice: Visitor) -> None:
    answered(alice.begin())
    for number in range(51):
        fill(alice.person, 1, f"Alpaca {number}")
    page = alice.get("/c/?q=alpaca").text
    assert "51 conversations found" in page
    assert "?q=alpaca&page=2" in unescape(page)
    last = alice.get("/c/?q=alpaca&page=2", headers={"X-Fragment": "1"}).text
    assert visible(last).startswith("51 conversations found Alpaca 0")


def test_what_was_put_aside_is_not_found(alice: Visitor) -> None:
    conversation = answered(alice.begin("Hello"))
    alice.post(f"{address(conversation)}messages", {"text": "Tell me of guanacos"})
    answered(conversation)
    said = message(conversation, "Tell me of guanacos")
    assert found(alice, "guanacos") == ["Hello"]
    alice.post(f"/m/{said.id}/edit", {"text": "Tell me of alpacas"})
    answered(conversation)
    assert found(alice, "guanacos") == []
    assert found(alice, "alpacas") == ["Hello"]


def test_many_conversations_come_in_pages(alice: Visitor) -> None:
    answered(alice.begin())
    for number in range(51):
        conversations.begin(alice.person, f"talk {number}")
    first, second = alice.get("/c/").text, alice.get("/c/?page=2").text
    assert 'rel="next"' in first
    assert 'rel="prev"' in second
    assert alice.get("/c/?page=none").status_code == 200


# What the pages say about the model


def test_the_page_says_that_a_small_model_answers_only_where_one_does(settings: Settings) -> None:
    sentence = "A small demonstration model answers here."
    assert sentence not in visible(browser().get("/").content.decode())
    settings.LLAMA_DEMO = True
    page = browser().get("/").content.decode()
    assert sentence in visible(page)
    assert 'href="/about/#connect"' in page


def waiting_sentences(socket: Socket) -> list[str]:
    socket.hear_until("finished")
    return [frame["sentence"] for frame in socket.heard if frame["type"] == "waiting"]


def test_the_page_says_that_the_model_wakes_up(alice: Visitor, fake_llama: FakeLlama) -> None:
    fake_llama.script(loading(2), says("Good morning."))
    run = alice.begin().runs.get()
    with alice.socket() as socket:
        socket.say("watch", run=run.id, after=0)
        assert "The model is waking up" in waiting_sentences(socket)


# A site of its own, for tests that break its parts


class Stage:
    def __init__(self, folder: Path) -> None:
        self.valkey = Valkey(folder / "valkey")
        self.llama = FakeLlama()
        self.folder = folder

    def __enter__(self) -> "Stage":
        self.valkey.start()
        self.llama.start()
        environment = {"REDIS_URL": self.valkey.url, "LLAMA_URL": self.llama.url}
        self.site = Site(self.folder, {**environment, "LLAMA_PARALLEL": "1", "LLAMA_QUEUE": "2"})
        self.site.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.site.kill()
        self.llama.stop()
        self.valkey.kill()

    def visitor(self) -> Visitor:
        return Visitor(self.site, next_address())


@pytest.fixture(scope="module")
def stage(database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


def test_people_in_line_hear_their_place_and_the_last_one_that_it_is_full(stage: Stage) -> None:
    gate = Gate()
    stage.llama.script(says("At last.", gate=gate))
    with stage.visitor() as first, stage.visitor() as second, stage.visitor() as third, stage.visitor() as fourth:
        held = first.begin()
        stage.llama.wait_for(lambda counts: counts.open == 1)
        runs = [visitor.begin().runs.get() for visitor in (second, third)]
        with second.socket() as near, third.socket() as far:
            near.say("watch", run=runs[0].id, after=0)
            far.say("watch", run=runs[1].id, after=0)
            assert near.hear_until("waiting")["sentence"] == "You are next"
            assert far.hear_until("waiting")["sentence"] == "1 person is before you"
            turned_away = answered(fourth.begin("Hello?"))
            assert "Too many people are asking right now." in fourth.get(address(turned_away)).text
            gate.open()
            assert "Thinking" in waiting_sentences(near)
            assert waiting_sentences(far)[1:] == ["You are next", "Thinking"]
        answered(held)


def health(stage: Stage) -> tuple[int, dict[str, bool]]:
    with stage.visitor() as visitor:
        assert visitor.get("/healthz").text == "ok\n"
        response = visitor.get("/readyz")
        found: dict[str, bool] = response.json()
        return response.status_code, found


ALL_WELL = {"database": True, "redis": True, "model": True}


def test_the_site_is_ready_when_all_its_parts_are(stage: Stage) -> None:
    assert health(stage) == (200, ALL_WELL)


def test_the_site_is_not_ready_without_redis_and_says_so_to_people(stage: Stage) -> None:
    with stage.visitor() as visitor:
        conversation = answered(visitor.begin())
        run = conversation.runs.get()
        stage.valkey.kill()
        try:
            assert health(stage) == (503, {**ALL_WELL, "redis": False})
            response = visitor.post(f"{address(conversation)}messages", {"text": "Still there?"})
            assert (response.status_code, draft(response.text)) == (503, "Still there?")
            assert "catching its breath" in alert(response.text)
            stopped = visitor.post(f"/r/{run.id}/stop")
            assert (stopped.status_code, "catching its breath" in stopped.text) == (503, True)
            assert visitor.post(f"{address(conversation)}delete").status_code == 302
        finally:
            stage.valkey.start()
    eventually(lambda: health(stage) == (200, ALL_WELL))


def test_the_site_is_not_ready_without_its_model(stage: Stage) -> None:
    assert health(stage) == (200, ALL_WELL)
    stage.llama.stop()
    try:
        assert health(stage) == (503, {**ALL_WELL, "model": False})
    finally:
        stage.llama.start()
    eventually(lambda: health(stage) == (200, ALL_WELL))


def test_the_site_is_not_ready_without_its_database(stage: Stage, tmp_path: Path) -> None:
    nowhere = f"sqlite:///{tmp_path}/nowhere/database.sqlite3"
    environment = {"REDIS_URL": stage.valkey.url, "LLAMA_URL": stage.llama.url, "DATABASE_URL": nowhere}
    site = Site(tmp_path, environment)
    try:
        site.start()
        with Visitor(site, next_address()) as visitor:
            assert visitor.get("/healthz").status_code == 200
            response = visitor.get("/readyz")
            assert (response.status_code, response.json()) == (503, {**ALL_WELL, "database": False})
    finally:
        site.kill()
