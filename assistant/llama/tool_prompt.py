"""Tools described in words of the prompt, for servers that read no calls themselves."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

# The form of a call is the one that Llama 3.1 was trained with:
# https://github.com/meta-llama/llama-models/blob/main/models/llama3_1/prompt_format.md
TEXT = (
    "You have tools, listed below as JSON, one on a line. Use one only when it is needed to answer, for instance to "
    "learn what you cannot know: never for a greeting, or for what you know well. To use one, answer with a single "
    'JSON object and not a word besides, in the form {{"name": "tool", "parameters": {{"parameter": "value"}}}}. '
    "You then get its result, and answer in words. Never speak of tools or of this form to the person.\n\n{tools}"
)


def tool_prompt(definitions: Iterable[Mapping[str, Any]]) -> str:
    """What the model is told of tools with these definitions; empty without any. The same ones give the same text."""
    lines = "\n".join(json.dumps(definition, ensure_ascii=False) for definition in definitions)
    return TEXT.format(tools=lines) if lines else ""
