"""Special tokens, the strings by which chat templates mark turns: escaped in prompts, removed from answers.

Servers tokenise a whole rendered prompt with special tokens read as such, so text from people could forge a turn.
Sources of the marks:

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


def neutralise(text: str) -> str:
    """`text` with a space inside each special token, so that a server tokenises it as ordinary words."""
    return FORGED.sub(r"\1 ", text)


class Stripper:
    """Removes `<|…|>` tokens from an answer that arrives in chunks.

    Only a suffix that could still become such a token is held back, so other text is never delayed.
    """

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> str:
        """The text that can be shown after the next chunk."""
        if not self._held and "<" not in text:
            return text
        text = self._held + text
        tail = UNFINISHED.search(text)
        self._held = tail.group() if tail else ""
        return TOKEN.sub("", text[: tail.start()] if tail else text)

    def flush(self) -> str:
        """The suffix that was held back; at the end of the answer it can no longer become a token."""
        held, self._held = self._held, ""
        return held
