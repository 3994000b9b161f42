"""A conversation as JSON, in chunks of about a message each, between which no cursor is open."""

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import F

from assistant import versions
from assistant.database import in_chunks
from assistant.models import Attachment, Conversation, Feedback, Message, Summary
from imagine.models import Picture

# What reads these files looks here first. It changes when a field goes or changes its meaning, not when one is added.
FORMAT = "chaski-conversation-1"
# Messages may be long, and a chunk is held in memory.
MESSAGE_CHUNK = 50

# The address of the page of a picture.
PictureUrl = Callable[[UUID], str]


def fields(conversation: Conversation, picture_url: PictureUrl) -> Iterator[str]:
    """The conversation as one JSON object with all its messages, also the versions not shown.

    A message may have a `summary` of all up to it, as the model made it for later prompts.
    """
    head = {
        "format": FORMAT,
        "id": str(conversation.pk),
        "title": conversation.title,
        "created": conversation.created_at.isoformat(),
        "updated": conversation.updated_at.isoformat(),
    }
    yield f'{json.dumps(head, ensure_ascii=False)[:-1]}, "messages": ['
    pictures, runs = pictures_by_message(conversation), run_by_message(conversation)
    files, numbers = files_by_message(conversation), versions.numbers(conversation)
    summaries = dict(Summary.objects.filter(until__conversation=conversation).values_list("until", "text"))
    ratings = {one.message_id: one for one in Feedback.objects.filter(message__conversation=conversation)}
    rows = conversation.messages.annotate(reasoning=F("run__reasoning")).order_by("position")
    for index, message in enumerate(in_chunks(rows, MESSAGE_CHUNK)):
        feedback = ratings.get(message.pk)
        drawn = pictures.get(message.pk, [])
        run = runs.get(message.pk)
        shown = {
            "id": str(message.pk),
            "role": message.role,
            "text": message.text,
            **({"summary": summaries[message.pk]} if message.pk in summaries else {}),
            "reasoning": message.reasoning or "",  # type: ignore[attr-defined]
            "created": message.created_at.isoformat(),
            "parent": str(message.parent_id) if message.parent_id else None,
            "shown": message.shown,
            **numbers.get(message.pk, {}),
            "model": run.model if run else None,
            "status": run.status if run else None,
            "steps": run.steps if run else [],
            "sources": run.sources if run else [],
            "attachments": files.get(message.pk, []),
            "pictures": [{"id": str(one.pk), "prompt": one.prompt, "url": picture_url(one.pk)} for one in drawn],
            "feedback": feedback and {"good": feedback.good, "word": feedback.word},
        }
        yield f"{',' if index else ''}\n  {json.dumps(shown, ensure_ascii=False)}"
    yield "\n]}"


class RunNote(NamedTuple):
    """What an export says about how an answer came about."""

    model: str
    status: str
    steps: list[dict[str, Any]]
    sources: list[dict[str, Any]]


def run_by_message(conversation: Conversation) -> dict[UUID, RunNote]:
    """The run of each answer.

    Not by `select_related`, nor the pictures by `prefetch_related`: their cycles of references keep messages in memory
    until they are collected.
    """
    rows = conversation.runs.values_list("answer", "model", "status", "steps", "sources")
    return {
        answer: RunNote(model, status, steps or [], sources or []) for answer, model, status, steps, sources in rows
    }


def files_by_message(conversation: Conversation) -> dict[UUID, list[dict[str, Any]]]:
    """The files of each message without their text, which stands in files of its own."""
    found: dict[UUID, list[dict[str, Any]]] = {}
    rows = Attachment.objects.filter(conversation=conversation).order_by("created_at", "id")
    for message, file, name, size in rows.values_list("messages", "pk", "name", "size"):
        found.setdefault(message, []).append({"id": str(file), "name": name, "bytes": size})
    return found


def pictures_by_message(conversation: Conversation) -> dict[UUID, list[Picture]]:
    """The pictures in each message."""
    links = list(Message.pictures.through.objects.filter(message__conversation=conversation).order_by("pk"))
    pictures = Picture.objects.in_bulk({link.picture_id for link in links})
    found: dict[UUID, list[Picture]] = {}
    for link in links:
        if link.picture_id in pictures:
            found.setdefault(link.message_id, []).append(pictures[link.picture_id])
    return found
