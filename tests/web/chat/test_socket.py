"""Talking to the assistant: forms, sockets, and what is shown."""

import re

from tests.fake_llama import FakeLlama, Gate, says
from tests.people import Visitor
from tests.servers import eventually


def visible(frame_or_html: str) -> str:
    return re.sub(r"<[^>]+>", "", frame_or_html)


def test_a_stranger_writes_and_reads_an_answer(alice: Visitor, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("Hello, **friend**."))
    conversation = alice.begin("Good morning")
    run = conversation.runs.get()
    with alice.socket() as socket:
        socket.say("watch", run=run.id, after=0)
        finished = socket.hear_until("finished")
    assert finished["status"] == "done"
    page = alice.get(f"/c/{conversation.id}/").text
    assert "Good morning" in page
    assert "Hello, <strong>friend</strong>." in page


def test_a_guest_row_is_made_at_the_first_message_only(alice: Visitor, fake_llama: FakeLlama) -> None:
    alice.get("/")
    assert alice.session_key == ""
    alice.begin()
    assert alice.person.is_guest


def test_words_arrive_while_the_model_still_speaks(alice: Visitor, fake_llama: FakeLlama) -> None:
    gate = Gate()
    fake_llama.script(says("One two three four.", gate=gate))
    run = alice.begin().runs.get()
    with alice.socket() as socket:
        socket.say("watch", run=run.id, after=0)
        gate.let(2)
        assert "One" in visible(socket.hear_until("text")["blocks"][0][1])
        gate.open()
        socket.hear_until("finished")


def test_a_sent_frame_is_answered_once_however_often_it_comes(alice: Visitor, fake_llama: FakeLlama) -> None:
    conversation = alice.begin()
    eventually(lambda: not conversation.runs.filter(status="running").exists())
    frame = {"conversation": conversation.id, "id": "0b0e4b2c-8d1b-4f57-9a3c-1f1f3a2e7d10", "text": "Again?"}
    with alice.socket() as socket:
        socket.say("send", **frame)
        socket.say("send", **frame)
        first = socket.hear_until("accepted")
        second = socket.hear_until("accepted")
    assert first["run"] == second["run"]
    assert conversation.messages.filter(text="Again?").count() == 1


def test_a_tab_that_looks_at_many_answers_leaves_the_oldest(alice: Visitor, fake_llama: FakeLlama) -> None:
    conversation = alice.begin()
    old = []
    for _ in range(10):
        eventually(lambda: not conversation.runs.filter(status="running").exists())
        run = conversation.runs.latest("created_at")
        old.append(run.id)
        alice.post(f"/m/{run.answer_id}/retry")
    eventually(lambda: not conversation.runs.filter(status="running").exists())
    gate = Gate()
    fake_llama.script(says("Still here.", gate=gate))
    alice.post(f"/m/{conversation.runs.latest('created_at').answer_id}/retry")
    running = conversation.runs.get(status="running").id
    with alice.socket() as socket:
        for run_id in (*old, running, *old[:9]):
            socket.say("watch", run=run_id, after=0)
        for run_id in (*old, *old[:9]):
            assert socket.hear_until("finished")["run"] == str(run_id)
        gate.open()
        assert socket.hear_until("finished")["run"] == str(running)
