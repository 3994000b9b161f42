"""Reasoning, the thoughts of a model before its answer: told apart from the answer in streams and in whole texts.

Most servers send it in a field of its own, see `field_of`. Where they leave it in the text, it stands between marks:

- `<think>`: DeepSeek R1, Qwen, and most others, https://huggingface.co/deepseek-ai/DeepSeek-R1. Templates often put the
  opening mark into the prompt, so that only the closing one arrives: https://github.com/ggml-org/llama.cpp/issues/11861
- `<thinking>`, `<thought>`, `<reasoning>`: models tuned or prompted to mark their thoughts
- `<|begin_of_thought|>`: Sky-T1 and OpenThinker; `[THINK]`: Mistral; `<seed:think>`: Seed; `◁think▷`: Kimi;
  `<|START_THINKING|>`: Cohere
"""

import re
from typing import Any

from assistant.llama.mentions import is_in_code, is_quoted

NAMES = ("think", "thinking", "thought", "thoughts", "reasoning", "seed:think")
MARKS = {f"<{name}>": f"</{name}>" for name in NAMES} | {
    "<|begin_of_thought|>": "<|end_of_thought|>",
    "<|start_thinking|>": "<|end_thinking|>",
    "[think]": "[/think]",
    "◁think▷": "◁/think▷",
}
# Only these are looked for in the middle of an answer, at the price of one look for "<".
CLOSING = tuple(mark for mark in MARKS.values() if mark.startswith("<"))

OPEN = re.compile("|".join(map(re.escape, MARKS)), re.IGNORECASE)
CLOSE = re.compile("|".join(map(re.escape, CLOSING)), re.IGNORECASE)
MID_SENTENCE = re.compile(r"[\w,;:)] +\Z")
GOES_ON = re.compile(r"[.,;:!?)]| +[^\W\dA-Z]|\s*\Z")
# Characters after a closing mark that show whether a sentence goes on.
LOOKAHEAD = 2


def field_of(delta: dict[str, Any]) -> str:
    """The reasoning in the fields of a delta, or nothing. Servers that have two such fields repeat one in the other.

    `reasoning_content`: DeepSeek, llama.cpp, SGLang, LM Studio and older vLLM; `reasoning`: vLLM, Ollama, OpenRouter
    and Groq; `reasoning_details`: OpenRouter, https://openrouter.ai/docs/use-cases/reasoning-tokens.
    """
    for name in ("reasoning_content", "reasoning", "thinking"):
        if isinstance(value := delta.get(name), str) and value:
            return value
    details = delta.get("reasoning_details")
    return "".join(map(_detail, details)) if isinstance(details, list) else ""


def content_of(parts: list[Any]) -> tuple[str, str]:
    """Reasoning and text of a content in parts, as Mistral sends it, https://docs.mistral.ai/capabilities/reasoning."""
    reasoning, text = [], []
    for part in parts:
        if isinstance(part, str):
            text.append(part)
        elif isinstance(part, dict) and part.get("type", "text") in ("text", "output_text"):
            text.append(_string(part.get("text")))
        elif isinstance(part, dict) and part.get("type") == "thinking":
            inner = part.get("thinking")
            reasoning.append("".join(map(_detail, inner)) if isinstance(inner, list) else _string(inner))
    return "".join(reasoning), "".join(text)


def split_reasoning(text: str) -> tuple[str, str]:
    """The reasoning at the start of a whole answer, and the answer without it. Most texts come back as they are."""
    splitter = ReasoningSplitter()
    answer = splitter.feed(text)
    reasoning, _ = splitter.take()
    rest = splitter.flush()
    more, retracted = splitter.take()
    return (reasoning + more).rstrip(), rest if retracted else answer + rest


class ReasoningSplitter:
    """Takes the reasoning out of an answer that arrives in chunks: `feed` and `flush` return text of the answer.

    `thoughts` is true while there is reasoning to `take`. Marks open a block only at the very start, so an answer may
    talk about them. A closing mark without an opening one shows that all before it was reasoning: what was returned
    of it is retracted, see `take`. Other text is never delayed, but for a suffix that could still become a mark.
    """

    def __init__(self) -> None:
        self.thoughts: list[str] = []
        self._retracted = False
        self._told: list[str] = []
        """What was returned, as far as it may have to be retracted."""
        self._settled = False
        """Whether the answer talks about marks: from then on all is text."""
        self._held = ""
        self._at_start = True
        self._closing = ""
        """The mark that ends the open block."""
        self._fields: list[str] = []
        self._copy = ""
        """The open block, where fields have brought reasoning too: many servers send it in both places."""
        self._begun = False
        """Whether the block or run of fields has brought more than white space."""
        self._thought = False
        self._after_block = False

    def feed(self, text: str) -> str:
        """The text of the answer after the next chunk."""
        if self._settled:
            return text
        if self._at_start or self._closing or self._held or "<" in text:
            return self._split(text, final=False)
        self._told.append(text)
        return text

    def flush(self) -> str:
        """The rest of the answer, after the last chunk."""
        text = self._split("", final=True)
        self._end_block()
        return text

    def note(self, reasoning: str) -> None:
        """Take reasoning that came in a field of its own."""
        self._fields.append(reasoning)
        self._add(reasoning)

    def take(self) -> tuple[str, bool]:
        """The reasoning since the last call, and whether it retracts all text that was returned before."""
        taken = "".join(self.thoughts), self._retracted
        self.thoughts, self._retracted = [], False
        return taken

    def _split(self, text: str, *, final: bool) -> str:
        rest, self._held = self._held + text, ""
        shown = ""
        while rest:
            if self._closing:
                rest = self._in_block(rest, final)
            elif self._at_start:
                rest = self._begin(rest, final)
            else:
                shown, rest = self._in_answer(shown, rest, final)
        if shown and not self._settled:
            self._told.append(shown)
        return shown

    def _begin(self, text: str, final: bool) -> str:
        """Open a block, or go on to the answer. Returns what is still to be read."""
        head = text.lstrip()
        if opening := OPEN.match(head):
            self._closing, self._begun, self._after_block = MARKS[opening.group().lower()], False, True
            return head[opening.end() :]
        if not final and any(mark.startswith(head.lower()) for mark in MARKS):
            self._held = text
            return ""
        self._at_start = False
        return head if self._thought or self._after_block else text

    def _in_block(self, text: str, final: bool) -> str:
        closing = re.search(re.escape(self._closing), text, re.IGNORECASE)
        if closing:
            self._think(text[: closing.start()])
            self._end_block()
            return text[closing.end() :]
        end = len(text) if final else _unfinished(text, (self._closing,))
        self._think(text[:end])
        self._held = text[end:]
        return ""

    def _in_answer(self, shown: str, text: str, final: bool) -> tuple[str, str]:
        """The text that can be shown of this chunk, and what is still to be read."""
        closing = CLOSE.search(text)
        if closing is None:
            end = len(text) if final else _unfinished(text, CLOSING)
            self._held = text[end:]
            return shown + text[:end], ""
        before, after = shown + text[: closing.start()], text[closing.end() :]
        if not final and len(after) < LOOKAHEAD and "\n" not in after:
            self._held = text[closing.start() :]
            return before, ""
        told = "".join(self._told)
        if _is_mention(told + before, after):
            self._settled, self._told = True, []
            return shown + text, ""
        self._retracted = self._retracted or bool(told)
        self._told, self._at_start, self._begun = [], True, False
        self._after_block = True
        self._add(told + before)
        self._begun = False
        return "", after

    def _think(self, text: str) -> None:
        if self._fields:
            self._copy += text
        else:
            self._add(text)

    def _end_block(self) -> None:
        copy, self._copy = self._copy.strip(), ""
        if copy and copy not in "".join(self._fields):
            self._begun = False
            self._add(copy)
        self._closing, self._begun = "", False

    def _add(self, text: str) -> None:
        """Keep reasoning, without white space at the start of its block and with a blank line between two blocks."""
        if not self._begun:
            text = text.lstrip()
            if not text:
                return
            if self._thought:
                text = f"\n\n{text}"
            self._begun = self._thought = True
        self.thoughts.append(text)


def _unfinished(text: str, marks: tuple[str, ...]) -> int:
    """Where a suffix begins that could still become one of `marks`; the length of `text` where none does."""
    start = text.rfind(marks[0][0])
    if start >= 0 and any(mark.startswith(text[start:].lower()) for mark in marks):
        return start
    return len(text)


def _is_mention(before: str, after: str) -> bool:
    """Whether a closing mark between the two is talked about: after an opening one, in code, quoted, in a sentence."""
    line = before[before.rfind("\n") + 1 :]
    return (
        OPEN.search(before) is not None
        or is_in_code(before)
        or line.startswith(("    ", "\t"))
        or is_quoted(line, after)
        or bool(MID_SENTENCE.search(line) and GOES_ON.match(after))
    )


def _detail(value: Any) -> str:
    """The words of one item of `reasoning_details`, or of the parts of a thought; others are encrypted."""
    return _string(value.get("text") or value.get("summary")) if isinstance(value, dict) else ""


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""
