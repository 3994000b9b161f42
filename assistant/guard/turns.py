"""What is given to a guard model of a conversation: the last turns, the one to be judged in the end.

It judges what people and the model say. An empty turn, or one that only calls a tool, is taken for a crime; what tools
found would be taken for the assistant's words.
"""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice, takewhile

from assistant.llama.messages import ChatMessage
from assistant.llama.special import TOKEN, neutralise

# What is longer is judged in slices, each with the end of the one before. A token has two bytes or more: slice, context
# and prompt fit into 4096 tokens in any language.
SLICE_BYTES = 4_000
CONTEXT_BYTES = 1_000
PROMPT_TOKENS = 500
OVERLAP_CHARACTERS = 200
# A file is judged as far as these reach.
MOST_SLICES = 24

FENCE = re.compile(r"<(?=/?\s*(?:BEGIN|END)\b)", re.IGNORECASE)
ROLE = re.compile(
    r"(?:(?<=[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])|\A)(?=[^\S\n]*(?:User|Agent|Assistant|System)\s*:)", re.IGNORECASE
)
CALL = re.compile(r"\[?\w+\.call\(.*\)\]?\Z|<function=[^>]*>.*?(?:</function>|\Z)", re.DOTALL)
PYTHON_TAG = "<|python_tag|>"

Turns = list[ChatMessage]


def slice_bytes(context: int) -> int:
    """How much is judged at once by a model that reads `context` tokens; 0 where that is not known."""
    return min(SLICE_BYTES, max(1_000, 2 * (context - PROMPT_TOKENS - CONTEXT_BYTES))) if context else SLICE_BYTES


def of_question(messages: Sequence[ChatMessage], size: int = SLICE_BYTES) -> list[Turns]:
    """The question at the end of `messages`, each slice of it after what was said before; none where it has no words.

    Its words come first, then the files that came with it. What was asked before and not answered is judged with it,
    as the model will read both.
    """
    spoken = [message for message in messages if _is_spoken(message)]
    asked = list(takewhile(lambda message: message.role == "user", reversed(spoken)))[::-1]
    told = _joined(spoken[: len(spoken) - len(asked)])[-2:]
    told = [ChatMessage(turn.role, _end(_plain(turn.content))) for turn in told if len(told) == 2]
    words = [message.content for message in asked] + [file.text for message in asked for file in message.files]
    return [[*told, ChatMessage("user", part)] for part in slices("\n\n".join(filter(str.strip, words)), size)]


def of_answer(messages: Sequence[ChatMessage], text: str, size: int = SLICE_BYTES) -> list[Turns]:
    """The answer `text` to the question at the end of `messages`, in slices; none where it has no words."""
    asked = ChatMessage("user", _end(_plain(messages[-1].content)) or "…")
    return [[asked, ChatMessage("assistant", part)] for part in slices(text, size)]


def of_prompt(text: str, size: int = SLICE_BYTES) -> list[Turns]:
    """The prompt of a picture, as what somebody asks for."""
    return [[ChatMessage("user", f"Draw a picture: {part}")] for part in slices(text, size)]


def slices(text: str, size: int = SLICE_BYTES) -> list[str]:
    """`text` in parts of `size` bytes that are not blank, with nothing in it that would end its turn."""
    return list(islice(_slices(_plain(text), size), MOST_SLICES))


def _slices(text: str, size: int) -> Iterator[str]:
    while text.strip():
        part = text.encode(errors="replace")[:size].decode(errors="ignore")
        if part.strip():
            yield part
        text = text[len(part) - OVERLAP_CHARACTERS :] if len(part) < len(text) else ""


def _is_spoken(message: ChatMessage) -> bool:
    """Whether somebody said something by a message."""
    if message.role == "user":
        return bool(message.content.strip() or message.files)
    return message.role == "assistant" and bool(message.content.strip()) and not is_call(message.content)


def _joined(messages: Sequence[ChatMessage]) -> Turns:
    """Messages as turns that alternate."""
    found: Turns = []
    for message in messages:
        before = f"{found.pop().content}\n\n" if found and found[-1].role == message.role else ""
        found.append(ChatMessage(message.role, before + message.content))
    return found


def is_call(text: str) -> bool:
    """Whether an answer is a call of a tool, in one of the forms that Llama 3 writes, and no more."""
    if text.lstrip().startswith(PYTHON_TAG):
        return True
    rest = TOKEN.sub("", CALL.sub("", text)).strip()
    if not rest:
        return True
    try:
        value = json.loads(rest)
    except (ValueError, RecursionError):
        return False
    calls = value if isinstance(value, list) and value else [value]
    return all(isinstance(call, dict) and call.keys() & {"parameters", "arguments"} for call in calls)


def _plain(text: str) -> str:
    """`text` without anything that a prompt would take for the begin or end of a turn."""
    return ROLE.sub("> ", FENCE.sub("< ", neutralise(text)))


def _end(text: str) -> str:
    return text.encode(errors="replace")[-CONTEXT_BYTES:].decode(errors="ignore").strip()
