"""The older part of a long conversation, summed up by the model so that later prompts need not hold it.

A summary is text of a model about text of people, files and pages: as hostile as these. It is bounded and cleaned here,
and quoted in prompts as something to remember, see prompts.py.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import IntegrityError, transaction

from assistant import history, prompts
from assistant.llama.files import TextFile
from assistant.llama.messages import ChatMessage
from assistant.llama.tokens import RESERVE, Measure, estimate, room_for
from assistant.models import Message, Summary
from assistant.names import BIDI, CONTROL, is_visible

# Below this a summary would take the room of the turns that it is for.
LEAST_CONTEXT = 4096
MOST_TOKENS = 500
CONTEXT_SHARE = 16
# It is time once the words fill so much of their room: before they no longer fit, as a summary takes a while.
FULL_SHARE = 0.8
# So much of the newest turns stays word for word.
KEPT_SHARE = 0.25
# The same by number, for models whose window holds any conversation: fewer than HISTORY_MESSAGES.
FULL_MESSAGES = 180
KEPT_MESSAGES = 100
TURN = ["assistant", "user"]
# What the request for a summary holds beside the conversation.
PROMPT_TOKENS = 512
# No text takes more bytes for each token, see llama/tokens.py.
TOKEN_BYTES = 6
EMPTY_LINES = re.compile(r"\n{3,}")
LINE_BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")


@dataclass(frozen=True)
class Older:
    """The part that is to be summed up: an earlier summary, and what was said from there to the message `until`."""

    until: UUID
    summary: str
    messages: Sequence[ChatMessage]
    token_factor: float = field(compare=False)


def summary_tokens(context: int) -> int:
    """How long a summary may be for a model that reads `context` tokens at once; 0 where there shall be none."""
    return min(MOST_TOKENS, context // CONTEXT_SHARE) if context >= LEAST_CONTEXT else 0


def due(head: Sequence[ChatMessage], messages: Sequence[ChatMessage], context: int, beside: int, factor: float) -> int:
    """How many of the oldest `messages` shall be summed up now; 0 while there is room for many more turns.

    `head` are the system text and the summary so far, `beside` the tokens that a prompt takes besides, and for the
    answer; `factor` is that of the newest answer. Whole turns are taken, to an answer, and never the last one.
    """
    if not summary_tokens(context):
        return 0
    # Without the reserve: what is counted too low costs a summary that comes late, and no error.
    factor /= RESERVE
    room = room_for(context, beside) - estimate(head, factor)
    sizes = [_words(message, factor) for message in messages]
    if sum(sizes) <= FULL_SHARE * room and len(messages) <= FULL_MESSAGES:
        return 0
    begins = [at for at in range(1, len(messages)) if [messages[at - 1].role, messages[at].role] == TURN]
    small = (
        index for index in begins if sum(sizes[index:]) <= KEPT_SHARE * room and len(messages) - index <= KEPT_MESSAGES
    )
    return next(small, begins[-1] if begins else 0)


def _words(message: ChatMessage, factor: float) -> int:
    """The tokens of a message without its files, which are cut in any case."""
    return Measure(factor).tokens(ChatMessage(message.role, message.content))


def older(until: UUID) -> Older | None:
    """What is to be summed up to that message; None where it is gone, no longer shown, or summed up already."""
    message = Message.objects.filter(id=until, shown=True, role=Message.Role.ASSISTANT).first()
    if message is None:
        return None
    summary, _, messages = history.past(message.conversation_id, message.position + 1)
    factor, _ = history.token_factor(message.conversation_id)
    return Older(until, summary, messages, factor) if messages else None


def request(part: Older, context: int) -> list[ChatMessage]:
    """The prompt that asks for a summary of `part`, in which long messages are cut so that it fits."""
    tokens = summary_tokens(context)
    size = int((context - tokens - PROMPT_TOKENS) * 2 / part.token_factor) - len(part.summary.encode())
    return prompts.summary(part.summary, _excerpts(part.messages, max(0, size)), tokens)


def _excerpts(messages: Sequence[ChatMessage], size: int) -> list[ChatMessage]:
    """The beginnings of all `messages` in about `size` bytes: the short ones whole. Files are named only."""
    bare = [ChatMessage(message.role, "\n".join([*map(_file, message.files), message.content])) for message in messages]
    found, left = dict[int, ChatMessage](), size
    for rank, index in enumerate(sorted(range(len(bare)), key=lambda index: len(bare[index].content))):
        share = left // (len(bare) - rank)
        data = bare[index].content.encode(errors="replace")
        cut = data[:share].decode(errors="ignore") + " […]" if len(data) > share else bare[index].content
        found[index] = ChatMessage(bare[index].role, cut)
        left = max(0, left - len(data))
    return [found[index] for index in range(len(bare))]


def _file(file: TextFile) -> str:
    return f"[{file.name or 'a long pasted text'}]"


def clean(text: str, tokens: int) -> str:
    """What a model gave as a summary, as it is kept: lines of visible characters, bounded; empty if there are none."""
    lines = BIDI.sub("", LINE_BREAKS.sub("\n", text)).split("\n")
    text = EMPTY_LINES.sub("\n\n", "\n".join(CONTROL.sub(" ", line).strip() for line in lines)).strip()
    text = text.encode(errors="replace")[: tokens * TOKEN_BYTES].decode(errors="ignore").rstrip()
    return text if is_visible(text) else ""


def keep(part: Older, text: str) -> bool:
    """Keep the summary of `part`. False where anything of that was erased or changed, or it was made, meanwhile."""
    try:
        with transaction.atomic():
            if older(part.until) != part:
                return False
            Summary.objects.create(until_id=part.until, text=text)
    except IntegrityError:
        return False
    return True
