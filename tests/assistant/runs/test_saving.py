"""What is saved of an answer: its newest text with the number it stands for, and never anything older after its end."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from assistant import conversations, people
from assistant.database import in_thread
from assistant.events import ReasoningReplaced, TurnFinished
from assistant.models import Run
from assistant.runs.follower import Reached, reached_text
from assistant.runs.saving import Outcome, load_history, save_end, save_progress
from assistant.tools.base import ToolCall
from tests.easel import drawn

CALL = ToolCall("create_image", {"prompt": "a fox"})
END = Outcome("Once upon a time.", 9, None, TurnFinished("stop"))


def make_run() -> UUID:
    person = people.make_guest()
    conversation = conversations.begin(person, "")
    conversation.messages.create(position=1, role="user", author=person, text="A story, please")
    answer = conversation.messages.create(position=2, role="assistant")
    return Run.objects.create(conversation=conversation, answer=answer, person=person).id


def sync(saved: Any) -> Callable[..., Any]:
    """A function of saving.py or follower.py as it runs in its thread."""
    work: Callable[..., Any] = saved.func.__wrapped__
    return work


async def test_progress_that_is_saved_late_never_brings_older_text_back() -> None:
    run = await in_thread(make_run)()
    await save_progress(run, "Once", 3)
    assert await reached_text(run) == Reached("Once", 3, over=False)
    assert await save_end(run, END)
    await save_progress(run, "Once upon", 5)
    assert await reached_text(run) == Reached("Once upon a time.", 9, over=True)


async def test_what_was_thought_is_kept_with_the_run() -> None:
    run = await in_thread(make_run)()
    await save_progress(run, "", 3, ReasoningReplaced("Hmm", 1.5))
    await save_progress(run, "Once", 4)
    assert await reached_text(run) == Reached("Once", 4, False, "Hmm", 1.5)
    assert await save_end(run, Outcome("Once.", 9, None, TurnFinished("stop"), ReasoningReplaced("Hmm.", 2)))
    assert await reached_text(run) == Reached("Once.", 9, True, "Hmm.", 2)


@pytest.mark.parametrize(
    ("save", "arguments"), [(save_progress, ("Once upon", 5)), (save_end, (END,))], ids=["progress", "end"]
)
def test_a_reader_between_two_statements_sees_the_old_text_with_the_old_number(
    save: Any, arguments: tuple[object, ...]
) -> None:
    """Otherwise it would show the words after that number twice."""
    run = make_run()
    sync(save_progress)(run, "Once", 3)
    seen: list[Reached] = []

    def read() -> Reached:
        try:
            reached: Reached = sync(reached_text)(run)
            return reached
        finally:
            connection.close()

    def look_after(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        result = execute(sql, *rest)
        if sql.startswith("UPDATE"):
            with ThreadPoolExecutor(1) as reader:
                seen.append(reader.submit(read).result())
        return result

    with connection.execute_wrapper(look_after):
        sync(save)(run, *arguments)
    assert seen == [Reached("Once", 3, over=False)] * 2


async def test_a_picture_stands_in_the_history_as_words() -> None:
    run = await in_thread(make_run)()

    @in_thread
    def answered_by_a_picture() -> UUID:
        first = Run.objects.select_related("answer", "conversation", "person").get(id=run)
        assert first.person
        first.answer.pictures.add(drawn(first.person.id))
        Run.objects.filter(id=run).update(status=Run.Status.DONE, tool_call=CALL.to_json())
        return conversations.say(first.person, first.conversation_id, "And now?", first.id).run.id

    history = await load_history(await answered_by_a_picture())
    assert [message.content for message in history.messages] == ["A story, please", "Here is your picture.", "And now?"]


async def test_the_command_of_a_run_comes_with_its_history() -> None:
    person = await in_thread(people.make_guest)()
    turn = await in_thread(conversations.say)(person, None, "/imagine a fox", person.id, CALL)
    assert (await load_history(turn.run.id)).tool_call == CALL


async def test_an_answer_that_goes_on_keeps_its_text_when_nothing_more_comes() -> None:
    run = await in_thread(make_run)()
    await save_end(run, Outcome("Half of", 3, None, TurnFinished("length")))

    @in_thread
    def resume() -> UUID:
        first = Run.objects.select_related("person").get(id=run)
        assert first.person
        return conversations.resume(first.person, first.answer_id, first.id).run.id

    again = await resume()
    assert (await load_history(again)).begun == "Half of"
    assert await save_end(again, Outcome("", 0, None, TurnFinished("stopped")))
    assert (await reached_text(again)).text == "Half of"


async def test_what_was_learned_about_tokens_comes_with_the_model_that_taught_it() -> None:
    run = await in_thread(make_run)()
    assert (await load_history(run)).token_model == ""
    assert await save_end(run, Outcome("Once.", 9, None, TurnFinished("stop", "llama-3.1", 50, 3, token_factor=0.5)))
    history = await load_history(run)
    assert (history.token_factor, history.token_model) == (0.5, "llama-3.1")
