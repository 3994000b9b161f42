"""How much of a conversation fits into the model's context. All counts are estimates."""

import math
from collections.abc import Sequence

from assistant.llama.errors import ContextTooLongError
from assistant.llama.messages import ChatMessage, alternate

MESSAGE_TOKENS = 5
TEMPLATE_TOKENS = 40
MARGIN = 256


def estimate(messages: Sequence[ChatMessage], factor: float = 1.0) -> int:
    """About how many tokens these messages take.

    Half their bytes is too high for most languages and too low for none; `factor` corrects it for one
    conversation, see `correction`.
    """
    return TEMPLATE_TOKENS + sum(_tokens(message, factor) for message in messages)


def correction(messages: Sequence[ChatMessage], counted: int) -> float:
    """The factor for `estimate` after the server counted `counted` tokens for `messages`.

    It is rounded up to tenths, so that it rarely changes: a change may move the cut of `fit`.
    """
    words = estimate(messages) - TEMPLATE_TOKENS
    return min(2.0, max(0.4, math.ceil(10 * 1.1 * counted / words) / 10)) if words else 1.0


def fit(messages: Sequence[ChatMessage], context: int, answer_tokens: int, factor: float = 1.0) -> list[ChatMessage]:
    """The messages that fit into `context` tokens beside an answer of `answer_tokens`.

    The system text and the last user turn stay; the oldest turns go in pairs of question and answer. When
    they no longer fit, so many go that half the room is free again, and later calls with a longer history
    cut at the same place: the prompt's head rarely changes, and the server's prefix cache holds. For that,
    `messages` must begin at the same place each time.
    Raises ContextTooLongError when the last turn cannot fit on its own. When it might, as the estimate is
    pessimistic, it goes out, and the server has the last word.
    """
    system, turns = _split(alternate(messages))
    if not turns:
        return system
    room = context - min(answer_tokens, context // 2) - min(MARGIN, context // 16)
    last = [*system, turns[-1][0]]
    if estimate(last, 1 / 3) > room:
        raise ContextTooLongError(f"the last message alone needs more than the {room} tokens that are free")
    start = _cut(estimate(system, factor), turns, room, factor)
    return [*system, *(message for turn in turns[start:] for message in turn)]


def _split(messages: list[ChatMessage]) -> tuple[list[ChatMessage], list[list[ChatMessage]]]:
    """The system text, and the turns: each a user message and what follows it."""
    system = [message for message in messages if message.role == "system"]
    turns: list[list[ChatMessage]] = []
    for message in messages:
        if message.role == "user":
            turns.append([message])
        elif message.role == "assistant" and turns:
            turns[-1].append(message)
    return system, turns


def _cut(fixed: int, turns: list[list[ChatMessage]], room: int, factor: float) -> int:
    """The first turn that stays. The history is replayed, so that each cut falls where it fell before."""
    sizes = [sum(_tokens(message, factor) for message in turn) for turn in turns]
    start, used = 0, fixed
    for now, turn in enumerate(turns):
        question = _tokens(turn[0], factor)
        if used + question > room:
            while start < now and used + question > room // 2:
                used -= sizes[start]
                start += 1
        used += sizes[now]
    return start


def _tokens(message: ChatMessage, factor: float) -> int:
    return MESSAGE_TOKENS + math.ceil(len(message.content.encode(errors="replace")) * factor / 2)
