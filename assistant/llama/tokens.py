"""Fit a conversation into the model's context window, by the server's count of its tokens, or else by estimates.

Bytes and not characters: Llama 3's tokenizer is a byte-level BPE, so bytes bound the tokens in every script
(https://github.com/meta-llama/llama-models/blob/main/models/llama3/tokenizer.py). Measured with its vocabulary, a
token is about six bytes of English prose, three of most other scripts and of JSON, 2.4 of code and two of emoji: half
the bytes overestimates, up to threefold for English, and was too low for no sample.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from assistant.llama.errors import ContextTooLongError
from assistant.llama.files import TextFile, shorten
from assistant.llama.messages import ChatMessage, alternate, size_of

# Around each message: two tokens for the header's marks, one for the role, one for the blank line, and `<|eot_id|>`:
# https://github.com/meta-llama/llama-models/blob/main/models/llama3_1/prompt_format.md
MESSAGE_TOKENS = 5
# Once in each prompt, about thirty and a reserve: `<|begin_of_text|>`, the open header of the answer, and the lines
# with dates that the template of Llama 3.1 adds by itself.
TEMPLATE_TOKENS = 40
# Reserve for what other templates add; at most a sixteenth of the context.
MARGIN = 256
# Later turns may take more tokens for each byte than those that were counted.
RESERVE = 1.1
# Bounds of the correction: English prose, the most compact text measured, comes to 0.4 with the reserve; 2.0 is a token
# for each byte, which no text exceeds.
MIN_FACTOR, MAX_FACTOR = 0.4, 2.0
# English prose without the reserve: a turn too long by this estimate cannot fit.
OPTIMISTIC_FACTOR = 1 / 3
# No text is that compact, and no prompt that short: Ollama left out of its count what its cache held,
# https://github.com/ollama/ollama/issues/3427.
INCREDIBLE_FACTOR = 0.15
INCREDIBLE_TOKENS = 2
# A factor stays while it is too high by no more than this, as each change may move the cut of `fit`.
KEPT_FACTOR = 0.7
# The texts are counted by the server, where it can, once by our estimate they fill this part of the room.
NEAR_SHARE = 0.5
# Files of the last turns hold up to half of the room against older words; older files get what words leave.
FRESH_TURNS = 3
# What stands where the turn before a cut was shortened, and the least part of the room that is worth it.
SHORTENED = " [...]"
LEAST_SHARE = 16
# A summary made for a model with a larger window, of which it would take more than this part, is left out.
LARGEST_SUMMARY = 2
# A file that is cut is cut at one of so many places: as the words after it grow, the prompt's head changes rarely.
CUTS = 16


def told_count(value: object) -> int | None:
    """A number of tokens as a server tells it; None for what is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None


@dataclass(frozen=True)
class Measure:
    """Counts tokens: as the server `counted` them, by text, or else half the bytes times `factor`, see `correction`."""

    factor: float = 1.0
    counted: Mapping[str, int] = field(default_factory=dict)

    def tokens(self, message: ChatMessage) -> int:
        """The tokens of a message with the marks around it."""
        if self.counted and (known := self.counted.get(message.whole)) is not None:
            return MESSAGE_TOKENS + known
        return MESSAGE_TOKENS + math.ceil(message.size * self.factor / 2)

    def total(self, messages: Sequence[ChatMessage]) -> int:
        """The tokens of a whole prompt."""
        return TEMPLATE_TOKENS + sum(map(self.tokens, messages))

    def at_least(self, factor: float) -> "Measure":
        """The same with a factor that is no lower; what was counted stays."""
        return replace(self, factor=max(factor, self.factor))

    def like(self, message: ChatMessage) -> "Measure":
        """The same for parts of `message`: where that was counted, parts take a little more for each byte at most."""
        known, size = self.counted.get(message.whole), message.size
        return replace(self, factor=max(INCREDIBLE_FACTOR, 2 * RESERVE * known / size)) if known and size else self


def estimate(messages: Sequence[ChatMessage], factor: float = 1.0) -> int:
    """About how many tokens `messages` take: half their bytes times `factor`, which comes from `correction`."""
    return Measure(factor).total(messages)


def room_for(context: int, answer_tokens: int) -> int:
    """The tokens that a prompt may take in a window of `context` beside an answer of `answer_tokens`."""
    return context - min(answer_tokens, context // 2) - min(MARGIN, context // 16)


def texts_to_count(messages: Sequence[ChatMessage], context: int, answer_tokens: int, factor: float = 1.0) -> list[str]:
    """The texts whose exact count matters to `fit`: all of `messages`, or none while they fit by far."""
    taken = alternate(messages)
    if estimate(taken[-1:], max(1.0, factor)) + estimate(taken[:-1], factor) <= NEAR_SHARE * room_for(
        context, answer_tokens
    ):
        return []
    bare = [_without_texts(message) for message in taken if message.files]
    return list(dict.fromkeys(message.whole for message in (*taken, *bare)))


def is_credible(messages: Sequence[ChatMessage], counted: int | None) -> bool:
    """Whether a server can have counted `counted` tokens for `messages`."""
    words = estimate(messages) - TEMPLATE_TOKENS
    return counted is not None and counted > max(INCREDIBLE_TOKENS, words * INCREDIBLE_FACTOR)


def correction(messages: Sequence[ChatMessage], counted: int, before: float | None = None) -> float:
    """The factor for `estimate` after the server counted `counted` tokens for `messages`.

    It is rounded up to tenths, and stays at `before` where that is little too high: a change may move the cut of `fit`.
    """
    words = estimate(messages) - TEMPLATE_TOKENS
    if not words:
        return 1.0
    factor = min(MAX_FACTOR, max(MIN_FACTOR, math.ceil(10 * RESERVE * counted / words) / 10))
    return before if before and before * KEPT_FACTOR <= factor <= before else factor


def fit(
    messages: Sequence[ChatMessage],
    context: int,
    answer_tokens: int,
    factor: float = 1.0,
    counted: Mapping[str, int] | None = None,
) -> list[ChatMessage]:
    """The messages that fit into `context` tokens beside an answer of `answer_tokens`.

    The system text, a summary of what was said before and the last user turn stay; the oldest turns are dropped in
    pairs of question and answer. When they no longer fit, so many are dropped that most of the room is free again, and
    later calls with a longer history cut at the same place: the prompt's head rarely changes, and the server's prefix
    cache stays valid. For that, `messages` must begin at the same place each time, and `factor` must stay, see
    `correction`.
    `factor` was learned from earlier turns, and the last message may be of another kind: for that it is at least 1.
    `counted` are the server's counts of `texts_to_count`, by text; what it does not hold is estimated.
    Files are cut to the room that the words leave, those of older turns first; those of the last `FRESH_TURNS` hold
    half of the room, if they need it.
    Raises ContextTooLongError when the last turn cannot fit on its own. When it might, as the estimate is
    pessimistic, it is sent, and the server decides.
    """
    system, summary, turns = _split(alternate(messages))
    if not turns:
        return system
    room = room_for(context, answer_tokens)
    measure = Measure(factor, counted or {})
    bare = [[_without_texts(turn[0]), *turn[1:]] for turn in turns]
    _refuse_too_long([*system, bare[-1][0]], room, min(answer_tokens, context // 2), measure)
    measures = [measure] * (len(turns) - 1) + [measure.at_least(1.0)]
    sizes = [sum(map(own.tokens, turn)) for turn, own in zip(bare, measures, strict=True)]
    fresh = range(max(0, len(turns) - FRESH_TURNS), len(turns))
    needed = sum(measures[turn].tokens(turns[turn][0]) - measures[turn].tokens(bare[turn][0]) for turn in fresh)
    fixed = measure.total(system)
    told = sum(map(measure.tokens, summary))
    if told > room // LARGEST_SUMMARY:
        summary, told = [], 0
    fixed += told
    start, first = _cut(bare, sizes, fixed, room, measure)
    if first:
        bare[start] = _shorten_turn(bare[start], first, measure)
        turns[start] = [replace(bare[start][0], files=turns[start][0].files), *bare[start][1:]]
        sizes[start] = sum(map(measure.tokens, bare[start]))
    # Beside fresh files there is less room: for a few turns, so they do not move the cuts that follow.
    while start < len(turns) - 1 and fixed + sum(sizes[start:]) + min(needed, room // 2) > room:
        start += 1
    left = room - fixed - sum(sizes[start:])
    kept = bare[start:]
    for turn, whole, general in reversed(list(zip(kept, turns[start:], measures[start:], strict=True))):
        if not whole[0].files:
            continue
        own = general.like(whole[0])
        before = own.tokens(turn[0])
        turn[0] = _with_files(whole[0], left, room // CUTS, own.factor)
        left -= own.tokens(turn[0]) - before
    for message in summary:
        kept[0][0] = replace(kept[0][0], content=f"{message.content}\n\n{kept[0][0].content}".rstrip())
    return [*system, *(message for turn in kept for message in turn)]


def _refuse_too_long(messages: Sequence[ChatMessage], room: int, answer_tokens: int, measure: Measure) -> None:
    """Raise ContextTooLongError where system text and question cannot fit, even beside a shorter answer if need be."""
    if all(message.whole in measure.counted for message in messages):
        needed, free = measure.total(messages), room + answer_tokens // 2
    else:
        needed, free = estimate(messages, OPTIMISTIC_FACTOR), room
    if needed > free:
        raise ContextTooLongError(f"the last message alone needs more than the {free} tokens that are free")


def _without_texts(message: ChatMessage) -> ChatMessage:
    """The message with its files named and no more."""
    return replace(message, files=tuple(replace(file, text="") for file in message.files)) if message.files else message


def _with_files(message: ChatMessage, tokens: int, step: int, factor: float) -> ChatMessage:
    """The message with as much of its files as `tokens` hold: the small ones whole, the rest in equal parts."""
    chosen: dict[int, TextFile] = {}
    for rank, index in enumerate(sorted(range(len(message.files)), key=lambda index: len(message.files[index].text))):
        file = message.files[index]
        share = max(0, tokens) // (len(message.files) - rank)
        chosen[index] = shorten(file, math.floor(share * 2 / factor))
        if chosen[index] is not file and step:
            chosen[index] = shorten(file, math.floor(share // step * step * 2 / factor))
        tokens -= math.ceil(size_of(chosen[index].text) * factor / 2)
    return replace(message, files=tuple(chosen[index] for index in range(len(message.files))))


def _split(messages: list[ChatMessage]) -> tuple[list[ChatMessage], list[ChatMessage], list[list[ChatMessage]]]:
    """The system text, the summary, and the turns: each a user message and what follows it."""
    system = [message for message in messages if message.role == "system"]
    summary = [message for message in messages if message.role == "summary"]
    turns: list[list[ChatMessage]] = []
    for message in messages:
        if message.role == "user":
            turns.append([message])
        elif message.role == "assistant" and turns:
            turns[-1].append(message)
    return system, summary, turns


def _cut(
    turns: list[list[ChatMessage]], sizes: Sequence[int], fixed: int, room: int, measure: Measure
) -> tuple[int, int]:
    """The first turn of these `sizes` that stays, and the tokens to which it is shortened (0: it is whole).

    The history is replayed, so that each cut falls where it fell before. A cut leaves a quarter of the room; the turn
    before the question, to which it may refer, is shortened to that rather than dropped, unless it is huge.
    """
    sizes, asked = list(sizes), measure.at_least(1.0)
    start, first, used = 0, 0, fixed
    for now, turn in enumerate(turns):
        question = asked.tokens(turn[0])
        if used + question > room:
            while start < now and used + question > room // 4:
                may_be_shortened = start == now - 1 and used + question <= room // 2
                used -= sizes[start]
                first = room // 4 - used - question if may_be_shortened else 0
                if first > room // LEAST_SHARE:
                    sizes[start] = first
                    used += first
                    break
                start, first = start + 1, 0
        used += sizes[now]
    return start, first


def _shorten_turn(turn: list[ChatMessage], tokens: int, measure: Measure) -> list[ChatMessage]:
    """The beginnings of a turn's messages, in about `tokens`: at most a quarter for the question."""
    factor = max(measure.like(message).factor for message in turn)
    room = math.floor(max(0, tokens - len(turn) * (MESSAGE_TOKENS + 1)) * 2 / factor) - len(SHORTENED) * len(turn)
    shortened = []
    for number, message in enumerate(turn):
        size = max(0, room // 4 if number == 0 and len(turn) > 1 else room)
        data = message.content.encode(errors="replace")
        if len(data) > size:
            message = replace(message, content=data[:size].decode(errors="ignore") + SHORTENED)
        room -= len(message.content.encode(errors="replace"))
        shortened.append(message)
    return shortened
