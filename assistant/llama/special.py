"""Special tokens, the strings by which chat templates mark turns: escaped in prompts, obeyed and removed in answers.

Servers tokenise a whole rendered prompt with special tokens read as such, so text from people could forge a turn.
Servers that are set up wrong send the model's own as text, and let it go on for both sides after the end of its turn,
https://github.com/vllm-project/vllm/issues/7811. Sources of the marks:

- `<|...|>`: the control and reserved tokens of Llama 3, and `<|python_tag|>`,
  https://github.com/meta-llama/llama-models/blob/main/models/llama3_1/prompt_format.md; Qwen and others use the same
  form, such as `<|im_start|>`, https://qwen.readthedocs.io/en/latest/getting_started/concepts.html
- `<function=name>`, `</function>`: tool calls of Llama 3.1, the same document
- `[INST]`, `<<SYS>>`, `<s>`: Llama 2, https://github.com/meta-llama/llama/blob/main/llama/generation.py
- `<tool_call>`, `<tool_response>`: Hermes and Qwen, https://github.com/NousResearch/Hermes-Function-Calling
- `[TOOL_CALLS]`: Mistral, https://github.com/mistralai/mistral-common
- `<start_of_turn>`: Gemma, https://ai.google.dev/gemma/docs/formatting
"""

import re

from assistant.llama.mentions import QUOTES, Told, is_quoted

# Characters between the bars. The longest known, `<|reserved_special_token_247|>`, has 26.
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


# The turn is over, and what follows is no part of it. Not `<|eom_id|>`: it ends a message that calls a tool.
ENDS = ("<|eot_id|>", "<|end_of_text|>", "<|im_end|>", "<|endoftext|>", "<|end|>", "<|eot|>")
HEADERS = ("<|start_header_id|>", "<|im_start|>", "<|begin_of_text|>", "<|header_start|>")
# Between these stands a call of a tool, or code: a reader of calls needs them, see call_reader.py.
CALL_MARKS = frozenset({"<|python_tag|>", "<|eom_id|>"})
# Sent with each request. OpenAI takes four at most.
STOP = ("<|eot_id|>", "<|end_of_text|>", "<|start_header_id|>")
MARK = re.compile("|".join(map(re.escape, (*ENDS, *HEADERS))))
# The header of the answer itself, which some servers repeat at its beginning; and the beginnings of one.
OWN_HEADER = re.compile(
    r"\s*(?:<\|begin_of_text\|>\s*)?"
    r"(?:<\|start_header_id\|>\s*assistant\s*<\|end_header_id\|>|<\|im_start\|>\s*assistant(?=\s))\s*"
)
OWN_HEADER_BEGINS = re.compile(
    r"\s*(?:<\|begin_of_text\|>\s*)?(?:<\|(?:start_header_id|im_start)\|>\s*[a-z]{0,9}\s*)?(?:<[a-z_|]{0,20})?\Z"
)


def neutralise(text: str) -> str:
    """`text` with a space inside each special token, so that a server tokenises it as ordinary words."""
    return FORGED.sub(r"\1 ", text)


class TurnReader:
    """Ends an answer that arrives in chunks where its turn ends: `ended` is set then, and what follows is dropped.

    `runaway` is set once words follow all the same. A mark that the answer talks about ends nothing, see mentions.py.
    """

    def __init__(self) -> None:
        self._told = Told()
        self._held = ""
        self._at_start = True
        self._after_header = False
        self.ended = False
        self.runaway = False

    def feed(self, text: str) -> str:
        """The text of this turn after the next chunk."""
        if "<" not in text and not (self._at_start or self._held or self.ended):
            self._told.add(text)
            return text
        return self._read(text, final=False)

    def flush(self) -> str:
        """What was held back, after the last chunk."""
        return self._read("", final=True)

    def _read(self, text: str, *, final: bool) -> str:
        rest, self._held = self._held + text, ""
        if self.ended:
            self._drop(rest, final)
            return ""
        if self._after_header:
            rest = rest.lstrip()
        if self._at_start:
            if not final and OWN_HEADER_BEGINS.match(rest):
                # White space alone is no reason to wait, but for that after a header.
                if rest.strip() or not rest:
                    self._held = rest
                    return ""
                return rest
            if header := OWN_HEADER.match(rest):
                rest, self._after_header = rest[header.end() :], True
            self._at_start = self._after_header and not rest
            self._after_header = self._at_start
        return self._up_to_end(rest, final)

    def _up_to_end(self, text: str, final: bool) -> str:
        """`text` up to the end of the turn, or up to what must be held back."""
        told = start = 0
        while mark := MARK.search(text, start):
            self._told.add(text[told : mark.start()])
            told, next_one = mark.start(), text[mark.end() : mark.end() + 1]
            is_in_code = self._told.ends_in_code()
            if not final and not next_one and self._told.last and self._told.last in QUOTES and not is_in_code:
                # Whether it is quoted shows with the next character.
                self._held = text[told:]
                return text[:told]
            if not is_in_code and not is_quoted(self._told.last, next_one):
                self.ended = True
                self._drop(text[mark.end() :], final)
                return text[:told]
            start = mark.end()
        end = len(text)
        if not final and (tail := UNFINISHED.search(text, start)):
            self._held, end = tail.group(), tail.start()
        self._told.add(text[told:end])
        return text[:end]

    def _drop(self, text: str, final: bool) -> None:
        """Look whether words, and not only marks, follow the end of the turn."""
        tail = None if final else UNFINISHED.search(text)
        self._held = tail.group() if tail else ""
        self.runaway = self.runaway or bool(TOKEN.sub("", text[: tail.start()] if tail else text).strip())


class Stripper:
    """Removes `<|…|>` tokens from an answer that arrives in chunks, but for those to `keep`.

    Only a suffix that could still become such a token is held back, so other text is never delayed.
    """

    def __init__(self, keep: frozenset[str] = frozenset()) -> None:
        self._keep = keep
        self._held = ""

    def feed(self, text: str) -> str:
        """The text that can be shown after the next chunk."""
        if not self._held and "<" not in text:
            return text
        text = self._held + text
        tail = UNFINISHED.search(text)
        self._held = tail.group() if tail else ""
        text = text[: tail.start()] if tail else text
        return TOKEN.sub(lambda token: token[0] if token[0] in self._keep else "", text)

    def flush(self) -> str:
        """The suffix that was held back; at the end of the answer it can no longer become a token."""
        held, self._held = self._held, ""
        return held
