"""Messages that are commands: decided once, when a message is stored, and kept with its run."""

import re

from django.conf import settings

from assistant.tools.base import ToolCall

# The page looks for the same while somebody types, see web/static/js/chat/command.js: both dialects read these.
IMAGINE = r"\s*(/?)imagine(?:\s+(.*))?"
# "Imagine that ...", "Imagine you ...": the person wants to be talked to.
TALK = r"(?:that|if|you|your|yourself|we|i|he|she|they|how|what|why|when|where|who|being|having|for)\b"

_imagine = re.compile(IMAGINE, re.IGNORECASE | re.DOTALL)
_talk = re.compile(TALK, re.IGNORECASE)


def tool_call(text: str) -> ToolCall | None:
    """The call of a tool that a message asks for by a command; None where the model is to answer it."""
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
    prompt = (found[2] or "").strip()
    is_talk = _talk.match(prompt) or prompt.endswith("?") or len(prompt) > settings.PROMPT_CHARACTERS
    return prompt if found[1] or (prompt and not is_talk) else None
