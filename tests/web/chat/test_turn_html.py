"""A turn that was just stored is shown without a template: as the template would show it."""

from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override
from pytest_django.fixtures import Settings

from assistant import attachments, conversations, people
from assistant.conversations import Turn
from assistant.models import Message, Run
from assistant.tools.base import ToolCall
from web.chat.turn_html import QUICK_CHARACTERS, filled_in, is_quick, rendered

WORDS = "Where do llamas live?"


def said(text: str, turns: int = 1, **more: Any) -> Turn:
    """The last of so many turns of somebody who always says `text`."""
    person, conversation = people.make_guest(), None
    for _ in range(turns - 1):
        turn = conversations.say(person, conversation, "Before", uuid4())
        Run.objects.filter(pk=turn.run.pk).update(status=Run.Status.DONE)
        conversation = turn.run.conversation_id
    return conversations.say(person, conversation, text, uuid4(), **more)


@pytest.mark.parametrize("language", [code for code, _ in settings.LANGUAGES])
def test_in_each_language(language: str) -> None:
    turn = said(WORDS, 3)
    with override(language):
        assert filled_in(turn) == rendered(turn)


@pytest.mark.parametrize(
    "text",
    [
        "<b>&amp;</b> \"quoted\" 'so'",
        "  Indented\n\n\ttwo\n",
        "question position run answer text conversation",
        "{{ message.text }} {% now 'Y' %} %(text)s {text} \\g<text> \\1",
        "‮emoji 🦙 שלום‬",
        "1",
        "\u200b\ufeff",
        "x" * QUICK_CHARACTERS,
    ],
)
def test_whatever_was_said(text: str) -> None:
    turn = said(text)
    assert is_quick(turn)
    assert filled_in(turn) == rendered(turn)


@pytest.mark.parametrize(
    "asked",
    [{"tool_call": ToolCall("create_image", {"prompt": "a fox"})}, {"search": "always", "harder": Run.Harder.SPENT}],
)
def test_however_it_is_answered(asked: dict[str, Any]) -> None:
    turn = said(WORDS, **asked)
    assert is_quick(turn)
    assert filled_in(turn) == rendered(turn)


def test_after_the_site_was_given_another_name(settings: Settings) -> None:
    turn = said(WORDS)
    for name in ("Chaski", "Ana & Bo <3"):
        settings.SITE_NAME = name
        assert filled_in(turn) == rendered(turn)


def test_the_database_is_not_asked() -> None:
    turn = said(WORDS)
    filled_in(turn)
    with CaptureQueriesContext(connection) as queries:
        filled_in(turn)
    assert len(queries) == 0


def test_what_has_files_or_versions_or_is_long_or_came_before_is_left_to_the_template() -> None:
    person = people.make_guest()
    file = attachments.keep(person, "notes.txt", "Hay")
    assert not is_quick(conversations.say(person, None, WORDS, uuid4(), files=[file.id]))
    assert not is_quick(said("x" * (QUICK_CHARACTERS + 1)))
    turn = said(WORDS)
    Run.objects.filter(pk=turn.run.pk).update(status=Run.Status.DONE)
    Message.objects.filter(pk=turn.answer.pk).update(text="In the Andes.")
    author = turn.question and turn.question.author
    assert author
    again = conversations.retry(author, turn.answer.pk, uuid4())
    assert not is_quick(again)
    Run.objects.filter(pk=again.run.pk).update(status=Run.Status.DONE)
    client_id = uuid4()
    later = conversations.say(author, turn.run.conversation_id, "And?", client_id)
    assert not is_quick(later), "its answer before has two versions"
    assert not is_quick(conversations.say(author, turn.run.conversation_id, "And?", client_id)), "it came before"
