"""The prompt that Llama Guard was trained with, for servers that have not the template that makes it."""

from collections.abc import Sequence

from assistant.guard.categories import Version
from assistant.llama.messages import ChatMessage

# The words are those of the templates that come with the models, see categories.py.
PROMPT = """Task: Check if there is unsafe content in '{role}' messages in conversations according our safety policy \
with the below categories.

<BEGIN UNSAFE CONTENT CATEGORIES>
{categories}
<END UNSAFE CONTENT CATEGORIES>

<BEGIN CONVERSATION>

{conversation}

<END CONVERSATION>

Provide your safety assessment for ONLY THE LAST {role} message in the above conversation:
 - First line must read 'safe' or 'unsafe'.
 - If unsafe, a second line must include a comma-separated list of violated categories."""
ROLES = {"user": "User", "assistant": "Agent"}


def guard_prompt(version: Version, turns: Sequence[ChatMessage]) -> str:
    """The prompt that asks for a verdict on the last of `turns`, which come from turns.py."""
    prompt = PROMPT.format(
        role=ROLES[turns[-1].role],
        categories=version.listed,
        conversation="\n\n".join(f"{ROLES[turn.role]}: {turn.content.strip()}" for turn in turns),
    )
    # Version 2 is tuned on Llama 3 with the marks of Llama 2.
    return f"[INST] {prompt} [/INST]" if version.number == 2 else prompt
