"""The messages of a turn as HTML. Those of plain words differ only in values, so their template is rendered once in
each language, and then filled in: it takes a millisecond, in which nobody hears a first word."""

import re
from functools import cache
from secrets import randbelow
from uuid import uuid4

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import get_language

from assistant.conversations import Turn
from assistant.models import Conversation, Message, Run
from web.chat.presenter import present_all, present_turn
from web.markdown.blocks import plain_blocks

# To fill in so long a message takes less than a millisecond.
QUICK_CHARACTERS = 2_000


def is_quick(turn: Turn) -> bool:
    """Whether `filled_in` can show a turn: it is new, of plain words, and has no other versions."""
    question = turn.question
    plain = question is not None and not turn.files and 0 < len(question.text.strip()) <= QUICK_CHARACTERS
    return turn.new and turn.alone and plain


def rendered(turn: Turn) -> str:
    """The messages of a turn, also of one that came before. The database is asked for what belongs to them."""
    if turn.new:
        views = present_turn(turn)
    else:
        turn.answer.run = turn.run
        views = present_all([turn.question, turn.answer] if turn.question else [turn.answer])
    return "".join(render_to_string("_message.html", {"shown": shown}) for shown in views)


def filled_in(turn: Turn) -> str:
    """What `rendered` returns of a turn that `is_quick`, without a template and without the database."""
    values = _values(turn)
    return "".join(values[part] if is_name else part for part, is_name in _skeleton(get_language(), settings.SITE_NAME))


def _values(turn: Turn) -> dict[str, str]:
    """All that differs between the messages of two turns, as it stands in their HTML."""
    question, answer, run = turn.question, turn.answer, turn.run
    if question is None:
        raise ValueError("the turn has no question")
    return {
        "conversation": str(question.conversation_id),
        "question": str(question.id),
        "position": f'data-position="{question.position}"',
        "text": plain_blocks(question.text)[0],
        "answer": str(answer.id),
        "answer_position": f'data-position="{answer.position}"',
        "run": str(run.id),
    }


@cache
def _skeleton(_language: str | None, _site: str) -> list[tuple[str, bool]]:
    """The HTML of a turn in parts: text as it is, and, where told so, names of `_values`."""
    conversation, position = Conversation(id=uuid4()), randbelow(10**9)
    question = Message(conversation=conversation, position=position, role=Message.Role.USER, text=uuid4().hex)
    answer = Message(conversation=conversation, position=position + 1, role=Message.Role.ASSISTANT, parent=question)
    turn = Turn(Run(conversation=conversation, answer=answer), answer, question, alone=True)
    names = {value: name for name, value in _values(turn).items()}
    parts = re.split("(" + "|".join(map(re.escape, names)) + ")", rendered(turn))
    return [(names.get(part, part), part in names) for part in parts]
