"""What of a server's own message may stand in a log: no key, and no word that people wrote."""

import re
from dataclasses import dataclass

LONGEST_MESSAGE = 300
HIDDEN = "…"
# Keys of known forms, parts of keys with stars between them, and other long random words.
KEY = re.compile(
    r"(?i:bearer|basic)\s+\S+"
    r"|\b(?:sk|gsk|hf|pk|rk|key|xai|nvapi|tgp|csk|fw|api)[-_][\w\-.*]{6,}"
    r"|\S*\*{3,}\S*"
    r"|\b(?=\w*\d)(?=\w*[A-Za-z])[A-Za-z0-9_]{32,}\b"
)
USER_INFO = re.compile(r"//[^/@\s]+@")
# Quotations: names, such as a model's, may be read; what has a space in it may be a sentence of somebody's.
QUOTED = re.compile(r"""["`“][^"`”]*(?:["`”]|\Z)|(?<!\w)'[^']*'(?!\w)""")
# JSON, Python's repr of values, and what pydantic and others print of the value they refuse.
VALUE = re.compile(r"""[{\[]\s*["'{\[].*|\b(?:input_value|input|received|got)\s*[=:].*""", re.DOTALL)
FIRST_CLAUSE = re.compile(r"[^:\"'`“{\[<\n]*")
WORD = re.compile(r"\w+")
# So many words in a row that stand in the prompt too are a quotation.
WORDS = 4


@dataclass(frozen=True)
class Redaction:
    """`secrets` are the keys, `prompt` is all that was sent."""

    secrets: tuple[str, ...] = ()
    prompt: tuple[str, ...] = ()

    def message(self, text: str) -> str:
        """A message of a known kind, in one line."""
        text = QUOTED.sub(_name_or_hidden, VALUE.sub(HIDDEN, text))
        text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
        return "" if self._is_from_prompt(text) else self._without_keys(text)[:LONGEST_MESSAGE]

    def first_clause(self, text: str) -> str:
        """The beginning of a message of an unknown kind: what follows a colon or a quotation mark may be quoted."""
        found = FIRST_CLAUSE.match(text.strip())
        return self.message(found.group()) if found else ""

    def _without_keys(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
            # Some show the beginning or the end of the key that they refuse.
            text = " ".join(
                HIDDEN if len(word) > 3 and word.strip(".,:;'\"") in secret else word for word in text.split()
            )
        return USER_INFO.sub(f"//{HIDDEN}@", KEY.sub(HIDDEN, text))

    def _is_from_prompt(self, text: str) -> bool:
        """Whether a run of words, or a whole short message, of the prompt stands in `text`."""
        words = WORD.findall(text.lower())
        sent = [WORD.findall(message.lower()) for message in self.prompt]
        joined = [f" {' '.join(message)} " for message in sent]
        runs = (f" {' '.join(words[start : start + WORDS])} " for start in range(len(words) - WORDS + 1))
        said = f" {' '.join(words)} "
        return any(run in message for run in runs for message in joined) or any(
            1 < len(message) <= WORDS and f" {' '.join(message)} " in said for message in sent
        )


def _name_or_hidden(quotation: re.Match[str]) -> str:
    text = quotation.group()
    return HIDDEN if any(char.isspace() for char in text) else text
