"""The blocks of code in an answer, as its page shows them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.code.issues import LANGUAGES, block_key, language_of
from assistant.markdown.parts import cleaned, next_part, without_thoughts

# Longer code is not scanned.
MOST_CHARACTERS = 20_000
MOST_BLOCKS = 12
_NAMES = "|".join(sorted(map(re.escape, LANGUAGES), key=len, reverse=True))
# A quick look, so that an answer without such code costs nothing.
FENCED = re.compile(rf"(?:`{{3}}|~{{3}})[ \t]*(?:{_NAMES})(?![\w+#])", re.IGNORECASE)


@dataclass(frozen=True)
class CodeBlock:
    """Code in a language that Code Shield knows."""

    language: str
    code: str

    @property
    def key(self) -> str:
        return block_key(self.language, self.code)


def has_code(text: str) -> bool:
    """Whether there may be something to scan in an answer."""
    return bool(FENCED.search(text))


def code_blocks(text: str) -> list[CodeBlock]:
    """The fenced code of an answer that can be scanned, each once, in its order."""
    found = dict.fromkeys(block for block in _fences(text) if block.code.strip() and len(block.code) <= MOST_CHARACTERS)
    return list(found)[:MOST_BLOCKS]


def _fences(text: str) -> Iterator[CodeBlock]:
    text, offset = without_thoughts(cleaned(text)), 0
    while text:
        part = next_part(text, offset, 0, final=True)
        for token in (token for block in part.blocks if not block.too_deep for token in block.tokens):
            if token.type == "fence" and (language := language_of(token.info)):
                yield CodeBlock(language, token.content)
        if part.plain_after:
            return
        text, offset = text[part.end :], offset + part.counted
