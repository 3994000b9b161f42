"""Messages that are commands: decided once, when a message is stored, and kept with its run."""

import re
from typing import NamedTuple

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from assistant.tools.base import ToolCall


class Command(NamedTuple):
    """What the composer lists after a slash: the word, and a sentence about it."""

    name: str
    about: str | Promise


DRAWING = (Command("imagine", _("Draw a picture of the words that follow")),)
THINKING = (Command("think", _("Have the model for hard questions answer what follows")),)
MEMORY = (
    Command("remember", _("Remember what follows in all later conversations")),
    Command("forget", _("Forget what was remembered")),
)

# The page reads these too, see web/static/js/chat/command.js. Python and JavaScript disagree on what \s, \w and \b mean
# beyond ASCII, so white space and letters are written out, the latter as ranges that leave out punctuation.
SPACE = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
LETTER = r"0-9A-Za-z_\xb5\xc0-\u167f\u1681-\u1fff\u2c00-\u2dff\u3040-\ud7ff"
# The whole message; its groups hold the slash, and the prompt without the white space around it.
IMAGINE = rf"[{SPACE}]*(/?)imagine(?:[{SPACE}]+(?:(.*[^{SPACE}])[{SPACE}]*)?)?"
# How a prompt begins that is talk: "imagine that ...", "imagine you ...".
TALK = (
    r"(?:that|if|you|your|yourself|we|i|he|she|they|how|what|why|when|where|who|being|having|for)"
    rf"(?![{LETTER}])"
)

# Like a JavaScript expression without the flag u, these ignore the case of ASCII letters only.
_imagine = re.compile(IMAGINE, re.IGNORECASE | re.DOTALL | re.ASCII)
_talk = re.compile(TALK, re.IGNORECASE | re.ASCII)
_think = re.compile(rf"[{SPACE}]*/think[{SPACE}]+(.*)", re.IGNORECASE | re.DOTALL | re.ASCII)
_memory = re.compile(rf"[{SPACE}]*/(remember|forget)(?:[{SPACE}]+(.*))?", re.IGNORECASE | re.DOTALL | re.ASCII)


def thinking() -> tuple[Command, ...]:
    """The command for hard questions, where a best model is set."""
    return THINKING if settings.LLAMA_ROLES.get("best") else ()


def tool_call(text: str) -> ToolCall | None:
    """The call of a tool that a message asks for by a command; None where the model is to answer it."""
    if found := _memory.fullmatch(text):
        return ToolCall(found[1].lower(), {"text": (found[2] or "").strip()})
    prompt = imagine_prompt(text)
    return None if prompt is None else ToolCall("create_image", {"prompt": prompt})


def imagine_prompt(text: str) -> str | None:
    """What a message wants drawn; None when it wants to be answered in words.

    `/imagine` always draws. `imagine` draws unless the words after it begin as talk does, ask something, or are
    more than a prompt may hold.
    """
    found = _imagine.fullmatch(text)
    if found is None:
        return None
    prompt = found[2] or ""
    is_talk = _talk.match(prompt) or prompt.endswith("?") or len(prompt) > settings.PROMPT_CHARACTERS
    return prompt if found[1] or (prompt and not is_talk) else None


def hard_question(text: str) -> str | None:
    """What a message wants the best model to answer, by the command `/think`; None for any other message."""
    found = _think.fullmatch(text)
    return found[1] if found else None
