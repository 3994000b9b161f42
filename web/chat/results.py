"""What a search found, as pages show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from assistant.excerpts import Piece, excerpt, marked
from assistant.models import Conversation, Message
from assistant.search import Match, query_words


@dataclass(frozen=True)
class Result:
    """A conversation that was found, in the place of a Conversation in a list."""

    id: UUID
    title: str
    updated_at: datetime
    title_pieces: list[Piece]
    message: UUID | None
    excerpt: list[Piece]


def present_results(matches: Sequence[Match], query: str) -> list[Result]:
    """The matches in their order, with the words of `query` marked; without those deleted meanwhile."""
    asked = query_words(query)
    conversations = Conversation.objects.in_bulk([match.conversation for match in matches])
    texts = Message.objects.only("id", "role", "text").in_bulk([match.message for match in matches if match.message])
    results = []
    for match in matches:
        found = conversations.get(match.conversation)
        message = texts.get(match.message) if match.message else None
        if found is None:
            continue
        pieces = excerpt(message.text, asked, message.role == Message.Role.ASSISTANT) if message else []
        # A title is often the whole first message.
        says_more = "".join(piece.text for piece in pieces) != found.title
        results.append(
            Result(
                found.id,
                found.title,
                found.updated_at,
                marked(found.title or _("New conversation"), asked),
                match.message if message else None,
                pieces if says_more else [],
            )
        )
    return results
