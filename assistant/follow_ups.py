"""What the person may want to say next: up to three lines, made by the model after an answer, shown under it."""

import json
import logging
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from redis.exceptions import RedisError

from assistant.commands import tool_call
from assistant.gate import may_use_tools
from assistant.links import is_bare
from assistant.models import Conversation, Message, Run
from assistant.names import CONTROL, clean_name
from assistant.people import needs_account
from assistant.prepared import Prepared
from assistant.titles import plain_lines, unwrap
from imagine.status import current_status

logger = logging.getLogger(__name__)

MOST = 3
CHARACTERS = 100
# Whoever opens a page so long after the end of its answer has waited for that answer.
RECENT = timedelta(minutes=1)

# "1)", "Question 2:", "(c)", "→".
NUMBER = re.compile(r"^(?:[^\W\d_]+ )?[(\[]?(?:\d{1,2}|[a-cA-C])[.):\]]\s+|^[•‣◦·→»>-]\s+")
# Marks of code, links, calls and templates: no such line is a message of a person.
MARKUP = re.compile(r"[<>{}\[\]|\\`]|\*\*|__")
# What can be opened or written to: nothing that a page may have put into the model's mouth leads there.
ADDRESS = re.compile(r"://|@|\bwww\.|[^\W_]\.[^\W\d_]{2}", re.IGNORECASE)


class Exchange(NamedTuple):
    """A question and its answer, the newest ones of a conversation."""

    conversation: UUID
    answer: UUID
    asked: str
    said: str


class Suggested(NamedTuple):
    """What is published once lines were made for an answer."""

    answer: UUID
    position: int
    lines: list[str]


@Prepared
def _said(run: UUID) -> QuerySet[Run, Any]:
    runs = Run.objects.filter(id=run, status=Run.Status.DONE, problem="", tool_call__isnull=True)
    shown = runs.filter(conversation__room=None, answer__shown=True)
    fields = ("conversation", "answer", "answer__position", "answer__text", "answer__parent__text")
    return shown.values_list(*fields)


@Prepared
def _newer(conversation: UUID, position: int) -> QuerySet[Message, Any]:
    return Message.objects.filter(conversation=conversation, position__gt=position, shown=True).values_list("id")[:1]


def exchange(run_id: UUID) -> Exchange | None:
    """What to make suggestions for; None where there is nothing to follow up, or the conversation has gone on.

    The demonstration model gives none: what it writes for such a prompt is no sentence. A greeting needs none, and what
    was sent without a word gets questions of ours.
    """
    row = None if settings.LLAMA_DEMO else _said.first(run_id)
    if row is None:
        return None
    conversation, answer, position, text, asked = row
    if not text or not asked or is_bare(asked) or not may_use_tools(asked):
        return None
    return None if _newer.rows(conversation, position) else Exchange(conversation, answer, asked, text)


def just_answered(conversation: Conversation) -> Run | None:
    """The newest run of a conversation, with its answer, if it ended a moment ago."""
    run = conversation.runs.select_related("answer").order_by("created_at").last()
    ended = run.finished_at if run and run.status == Run.Status.DONE else None
    return run if ended and ended > timezone.now() - RECENT else None


def clean(said: str, asked: str) -> list[str]:
    """The lines in a model's answer that a person could send: short, plain, without numbers, quotes and addresses."""
    found: dict[str, str] = {}
    for line in plain_lines(said):
        line = clean_name(unwrap(NUMBER.sub("", unwrap(line))), CHARACTERS + 1)
        if is_message(line) and line.casefold() != asked.casefold():
            found.setdefault(line.casefold(), line)
    return list(found.values())[:MOST]


def is_message(line: str) -> bool:
    """Whether `line` can be offered as something to say: no remark such as "Here are three:", no command."""
    if not 2 <= len(line) <= CHARACTERS or line.endswith((":", "：", "…")) or line.startswith("/"):
        return False
    return not (MARKUP.search(line) or ADDRESS.search(line) or CONTROL.search(line) or tool_call(line))


def keep(run_id: UUID, lines: Sequence[str]) -> Suggested | None:
    """Keep `lines` with the run; None where the conversation has gone on meanwhile."""
    with transaction.atomic():
        run = Run.objects.select_related("answer").filter(id=run_id).first()
        if (
            run is None
            or not Conversation.objects.select_for_update(no_key=True).filter(id=run.conversation_id).exists()
        ):
            return None
        if not is_newest(run.answer):
            return None
        Run.objects.filter(id=run_id).update(follow_ups=list(lines))
    return suggested(run, lines)


def suggested(run: Run, lines: Sequence[str]) -> Suggested:
    """What is told of `lines` that were made for a run."""
    return Suggested(run.answer_id, run.answer.position, list(lines))


def is_newest(answer: Message) -> bool:
    """Whether `answer` is shown and nothing stands after it."""
    newest = Message.objects.filter(conversation=answer.conversation_id, shown=True).order_by("position").last()
    return newest is not None and newest.id == answer.id


def can_draw(run: Run) -> bool:
    """Whether a picture that the person of `run` asks for now would be drawn, so that it can be offered."""
    if needs_account(run.person):
        return False
    try:
        return current_status().error() is None
    except (RedisError, OSError, TimeoutError) as error:
        logger.warning("the painter's status is not known: %s", error)
        return False


def encode(suggested: Suggested) -> bytes:
    """As it is published on the channel of the conversation."""
    answer, position, lines = suggested
    return json.dumps({"answer": str(answer), "position": position, "lines": lines}).encode()


def decode(data: bytes) -> Suggested | None:
    """What `encode` made; None for what else is published there, the names of sockets."""
    if not data.startswith(b"{"):
        return None
    value = json.loads(data)
    return Suggested(UUID(value["answer"]), int(value["position"]), [str(line) for line in value["lines"]])
