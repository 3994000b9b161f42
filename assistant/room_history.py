"""What was said in a room before an answer, as the model is told it: each line with the name of who said it.

The model reads what called it, and its answers; of other words those of the last minutes, and for a summary those that
it is of. All of it is what the member who asks may read. Nobody's memory or instructions are in it.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from assistant import attachments, calling, naming, prompts, room_aside, room_pictures
from assistant.commands import hard_question
from assistant.guard.errors import ERRORS as GUARD_ERRORS
from assistant.history import REFUSED
from assistant.history import answer as as_answer
from assistant.llama.files import TextFile
from assistant.llama.messages import ChatMessage
from assistant.models import Member, Message, RoomEvent, Run
from assistant.rooms import orders
from assistant.rooms.events import readable

TURNS = 60
ASIDE_LINES = 80
ASIDE_CHARACTERS = 6_000
SUMMARY_LINES = 400
SUMMARY_CHARACTERS = 24_000
LINE_CHARACTERS = 2_000


class RoomPast(NamedTuple):
    """`messages` are turns, the question last; `aside` is what else is to be known for it, as a part of its prompt;
    `pictures` are what it is about."""

    messages: list[ChatMessage]
    aside: str
    pictures: list[UUID]


def room_past(run: Run) -> RoomPast:
    """What the model is told for `run` of a room, selected with its answer and the question that this quotes.

    Raises Message.DoesNotExist where the question was erased, Member.DoesNotExist where who asked has gone.
    """
    question = run.answer.quoted
    if question is None:
        raise Message.DoesNotExist
    member = Member.objects.select_related("conversation__room").get(
        conversation=run.conversation_id, person=question.author_id
    )
    before = readable(member).filter(position__lt=run.answer.position).exclude(pk=question.pk)
    names = [one.name for one in member.conversation.memberships.order_by("joined_at", "pk")[:50]]
    if orders.is_summary(question.text):
        told = _in_time([*_since(before.exclude(REFUSED), member, question), *room_aside.recent(member)])
        said = lines(told, SUMMARY_CHARACTERS)
        return RoomPast([ChatMessage("user", prompts.SUMMARISE)], prompts.in_room(names, question.spoken_as, said), [])
    turns = before.filter(Q(role=Message.Role.ASSISTANT) | Q(calls=True)).select_related("run")
    messages = merged(_unrefused(list(turns.order_by("-position")[:TURNS])[::-1]))
    lately = timezone.now() - timedelta(minutes=settings.ROOM_CONTEXT_MINUTES)
    others = before.exclude(REFUSED).filter(role=Message.Role.USER, calls=False, created_at__gte=lately)
    told = _in_time([*others.order_by("-position")[:ASIDE_LINES], *room_aside.recent(member)])
    said = lines(told, ASIDE_CHARACTERS)
    if question.quoted and readable(member).exclude(REFUSED).filter(pk=question.quoted.pk).exists():
        said = "\n".join(filter(None, (said, prompts.REPLIED, lines([question.quoted], LINE_CHARACTERS))))
    messages.append(ChatMessage("user", asked(question.text), _files(member, question)))
    # The small demonstration model would talk of nothing else.
    aside = "" if settings.LLAMA_DEMO else prompts.in_room(names, question.spoken_as, said)
    return RoomPast(messages, aside, room_pictures.asked_about(member, question, run.answer.position))


def asked(text: str) -> str:
    """What is asked: words without our name, unless they are nothing but that, and without `/think`."""
    if (question := hard_question(text)) is not None:
        return question
    return text if text.lstrip().startswith("/") else naming.without(text, calling.called_by(), tagged=True) or text


def _files(member: Member, question: Message) -> tuple[TextFile, ...]:
    """The text files of a question, after those of what it is a reply to."""
    both = [question.pk, *([question.quoted_id] if question.quoted_id else ())]
    read = readable(member).exclude(REFUSED).filter(pk__in=both, role=Message.Role.USER)
    files = attachments.texts_for_prompt(read)
    return tuple(file for message in reversed(both) for file in files.get(message, ()))


def _unrefused(turns: Sequence[Message]) -> list[Message]:
    """Turns without those that the guard ended."""
    ended = [turn for turn in turns if hasattr(turn, "run") and turn.run.problem in GUARD_ERRORS]
    refused = {turn.quoted_id or turn.parent_id for turn in ended}
    return [turn for turn in turns if turn.pk not in refused]


def merged(turns: Iterable[Message]) -> list[ChatMessage]:
    """Turns in their order: several calls in a row are one, each with its name."""
    messages: list[ChatMessage] = []
    for message in turns:
        if message.role == Message.Role.ASSISTANT:
            run = getattr(message, "run", None)
            if message.text or (run and run.status == Run.Status.DONE):
                messages.append(as_answer(message.text, run.tool_call if run else None))
            continue
        line = spoken(message)
        if messages and messages[-1].role == "user":
            messages[-1] = ChatMessage("user", f"{messages[-1].content}\n{line}")
        else:
            messages.append(ChatMessage("user", line))
    return messages


def spoken(message: Message) -> str:
    """A message with the name of who said it. Its further lines are set in, so that none looks like another's."""
    name = message.spoken_as or (prompts.ASSISTANT if message.role == Message.Role.ASSISTANT else prompts.SOMEBODY)
    text = message.text[:LINE_CHARACTERS] or prompts.NO_FILE
    return f"{name}: {text}".replace("\n", "\n    ")


def lines(messages: Iterable[Message], most: int) -> str:
    """Messages as quoted lines, the newest in so many characters."""
    found: list[str] = []
    left = most
    for message in reversed(list(messages)):
        quoted = "\n".join(f"> {line}" for line in spoken(message).split("\n"))
        left -= len(quoted) + 1
        if left < 0:
            break
        found.append(quoted)
    return "\n".join(reversed(found))


def _in_time(messages: list[Message]) -> list[Message]:
    """Messages in the order in which they were said."""
    return sorted(messages, key=lambda message: (message.created_at, message.position or 0))


def _since(before: "QuerySet[Message]", member: Member, question: Message) -> Sequence[Message]:
    """What a summary is of, newest first: the hours that the question names, or since the person was here."""
    told = before.exclude(text="")
    if number := orders.hours(question.text):
        told = told.filter(created_at__gte=question.created_at - timedelta(hours=number))
    else:
        last = RoomEvent.objects.filter(
            room=member.conversation_id, kind=RoomEvent.Kind.SAID, person=member.person_id
        ).exclude(message=question)
        own = last.order_by("-number").values_list("message__position", flat=True).first()
        since_own = told.filter(position__gt=own) if own else told
        # Who was here all the time wants to know of all of it.
        told = since_own if since_own.count() > 1 else told
    return list(told.order_by("-position")[:SUMMARY_LINES])
