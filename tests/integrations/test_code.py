"""Insecure code in an app: one short sentence after the answer."""

import pytest
from pytest_django.fixtures import Settings

from assistant.models import Conversation, Message, Run
from integrations import replies
from integrations.registry import channels
from tests.integrations.test_registry import ALL

ISSUE = {"block": "a", "language": "python", "line": 3, "cwe": "CWE-94", "severity": "error"}


@pytest.mark.parametrize("name", ["whatsapp", "messenger", "instagram"])
def test_a_sentence_says_what_the_code_does(settings: Settings, name: str) -> None:
    for setting, value in ALL.items():
        setattr(settings, setting, value)
    channels.cache_clear()
    conversation = Conversation.objects.create()
    message = Message.objects.create(
        conversation=conversation, position=2, role=Message.Role.ASSISTANT, text="```python\nx\n```"
    )
    run = Run.objects.create(conversation=conversation, answer=message, status=Run.Status.DONE, code_issues=[ISSUE])
    texts = [bubble.text for bubble in replies.answer(channels()[name], run)]
    assert texts[1:] == ["Careful: line 3 of the Python code runs text as code."]
    run.code_issues = None
    assert len(replies.answer(channels()[name], run)) == 1
    channels.cache_clear()
