"""Special tokens: the strings by which chat templates mark turns. Nobody's words may hold them as such."""

import re

# `<|eot_id|>` and every other token of that form; the marks of Llama 2, of tool calls, and of other models.
LONGEST = 64
TOKEN = re.compile(rf"<\|[^\s<>|]{{1,{LONGEST}}}\|>")
UNFINISHED = re.compile(rf"<(?:\|(?:[^\s<>|]{{0,{LONGEST}}}|[^\s<>|]{{1,{LONGEST}}}\|))?\Z")
FORGED = re.compile(
    rf"""([<\[])(?=
        \|[^\s<>|]{{1,{LONGEST}}}\|>
        | /?function\b[=>] | /?tool_call> | /?tool_response>
        | </?SYS>> | /?s> | /?INST\] | /?TOOL_CALLS\]
        | (?:start|end)_of_turn>
    )""",
    re.VERBOSE,
)


def neutralise(text: str) -> str:
    """The text with a space inside each special token, so that a server reads it as ordinary words."""
    return FORGED.sub(r"\1 ", text)


class Stripper:
    """Takes `<|…|>` tokens out of an answer that arrives in pieces.

    Only what could still become such a token is held back, so words are never late.
    """

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> str:
        """What can be shown now, given the next piece."""
        if not self._held and "<" not in text:
            return text
        text = self._held + text
        tail = UNFINISHED.search(text)
        self._held = tail.group() if tail else ""
        return TOKEN.sub("", text[: tail.start()] if tail else text)

    def flush(self) -> str:
        """What was held back and, as the answer is over, became no token."""
        held, self._held = self._held, ""
        return held
