"""What a person takes out of a conversation: files of all of it, the text of one message."""

import json
from collections.abc import AsyncIterator
from typing import Any, cast
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncClient
from markdown_it import MarkdownIt

from assistant import attachments, conversations, people
from assistant.models import Conversation, Feedback, Message, Person, Run
from tests.easel import drawn
from web.accounts.export import picture_url
from web.chat.downloads import file_name
from web.chat.transcript import quoted, whole

pytestmark = pytest.mark.usefixtures("valkey_here")

elsewhere = MarkdownIt("commonmark").enable("table")


@sync_to_async
def talk(*pairs: tuple[str, str], title: str = "Tea & <time>") -> tuple[Person, Conversation]:
    """A guest's conversation of these questions and answers."""
    person = people.make_guest()
    conversation = conversations.begin(person, title)
    for question, answer in pairs:
        turn = conversations.say(person, conversation.pk, question, uuid4())
        Message.objects.filter(pk=turn.answer.pk).update(text=answer)
        Run.objects.filter(pk=turn.run.pk).update(status=Run.Status.DONE, model="llama-3")
    return person, conversation


async def fetch(person: Person, path: str) -> Any:
    client = AsyncClient()
    await client.aforce_login(person)
    return await client.get(path)


async def download(person: Person, path: str) -> str:
    response = await fetch(person, path)
    assert response.status_code == 200
    return b"".join([piece async for piece in cast(AsyncIterator[bytes], response.streaming_content)]).decode()


async def test_the_markdown_says_who_said_what_and_when() -> None:
    person, conversation = await talk(("How do I make tea?\nQuickly.", "**Boil** water."))
    text = await download(person, f"/c/{conversation.pk}/export.md")
    day = conversation.created_at.strftime("%Y-%m-%d")
    assert text.startswith(f"# Tea \\& \\<time\\>\n\nChaski, {day}")
    assert f"/c/{conversation.pk}/>" in text
    assert "UTC\n\n> How do I make tea?  \n> Quickly.\n" in text
    assert "## You · " in text
    assert "UTC · llama-3\n\n**Boil** water.\n" in text


async def test_attached_files_are_named_in_both_files() -> None:
    person, conversation = await talk()

    @sync_to_async
    def send(name: str, text: str) -> str:
        file = attachments.keep(person, name, "What is in it")
        turn = conversations.say(person, conversation.pk, text, uuid4(), files=[file.pk])
        Run.objects.filter(pk=turn.run.pk).update(status=Run.Status.DONE)
        return str(file.pk)

    named, pasted = await send("my_notes.txt", ""), await send("", "And this?")
    text = await download(person, f"/c/{conversation.pk}/export.md")
    assert "UTC\n\nAttached: my\\_notes.txt\n" in text
    assert "\n\nAttached: Pasted text\n\n> " in text
    assert "What is in it" not in text
    found = json.loads(await download(person, f"/c/{conversation.pk}/export.json"))
    files = [file["id"] for one in found["messages"] for file in one["attachments"]]
    assert files == [named, pasted]


async def test_what_was_put_aside_is_left_out_of_the_markdown_and_named_in_the_json() -> None:
    person, conversation = await talk(("First question", "First answer"))
    question = await conversation.messages.aget(position=1)
    await sync_to_async(conversations.edit)(person, question.pk, "Second question", uuid4())
    text = await download(person, f"/c/{conversation.pk}/export.md")
    assert "Second question" in text
    assert "First" not in text
    found = json.loads(await download(person, f"/c/{conversation.pk}/export.json"))
    assert [(one["text"], one["shown"], one.get("version")) for one in found["messages"]] == [
        ("First question", False, 1),
        ("First answer", False, None),
        ("Second question", True, 2),
        ("", True, None),
    ]


async def test_the_json_names_its_format_and_holds_all_that_belongs_to_a_message() -> None:
    person, conversation = await talk(("  Draw\n\n\n\ta fox", "Here."))
    answer = await conversation.messages.aget(position=2)
    picture = await sync_to_async(drawn)(person.pk, "a fox")
    await answer.pictures.aadd(picture)
    await Feedback.objects.acreate(message=answer, person=person, good=True, word="nice")
    found = json.loads(await download(person, f"/c/{conversation.pk}/export.json"))
    assert (found["format"], found["title"]) == ("chaski-conversation-1", "Tea & <time>")
    first, second = found["messages"]
    assert (first["role"], first["text"], first["model"]) == ("user", "  Draw\n\n\n\ta fox", None)
    assert (second["role"], second["model"], second["status"]) == ("assistant", "llama-3", "done")
    assert second["created"].endswith("+00:00")
    assert second["feedback"] == {"good": True, "word": "nice"}
    assert [(one["prompt"], one["url"].endswith(f"/{picture.pk}/")) for one in second["pictures"]] == [("a fox", True)]
    assert f"[a fox]({second['pictures'][0]['url']})" in await download(person, f"/c/{conversation.pk}/export.md")


async def test_the_json_of_a_conversation_is_the_same_in_the_export_of_all_data() -> None:
    person, conversation = await talk(("One", "Two"), ("Three", "Four"))
    single = json.loads(await download(person, f"/c/{conversation.pk}/export.json"))
    everything = await sync_to_async(lambda: "".join(people.conversations_json(person, picture_url)))()
    assert json.loads(everything) == [single]


@pytest.mark.parametrize("kind", ["md", "json"])
async def test_a_file_is_an_attachment_that_nothing_keeps(kind: str) -> None:
    person, conversation = await talk(("One", "Two"), title="Té para “dos”: 茶/チャ")
    response = await fetch(person, f"/c/{conversation.pk}/export.{kind}")
    assert response["Cache-Control"] == "private, no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    named = "T%C3%A9%20para%20%E2%80%9Cdos%E2%80%9D%20%E8%8C%B6%20%E3%83%81%E3%83%A3"
    assert response["Content-Disposition"] == f"attachment; filename*=utf-8''{named}.{kind}"
    async for _piece in cast(AsyncIterator[bytes], response.streaming_content):
        pass


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("", "Conversation.md"),
        ("../../etc/passwd", "etc passwd.md"),
        ('a"b\r\nX-Evil: 1', "a b X-Evil 1.md"),
        ("photo\u202egpj.exe", "photo gpj.exe.md"),
        ("سلام دنیا", "سلام دنیا.md"),
        ("…" * 200, "…" * 60 + ".md"),
        (" . . ", "Conversation.md"),
    ],
)
def test_a_file_has_the_name_of_the_conversation(title: str, name: str) -> None:
    assert file_name(title, "md") == name


WORDS = [
    "Plain words, in one line.",
    "Two\nlines\n\nand a paragraph",
    "नमस्ते दुनिया",
    "# no heading\n- no list\n> no quotation",
    "  indented\n\tby tabs\n\n\ntwice empty  \nend",
    "```python\nprint('never closed')",
    "````\n```\n~~~",
    "<!-- <script>alert(1)</script>",
    "1. one",
    "under\n---",
    "under\n===",
    "[label]: https://example.com",
    "| a | b |\n|---|---|",
    "&amp; *stars* _lines_ `ticks` \\ $x$",
    "a  b",
]


@pytest.mark.parametrize("words", WORDS)
def test_a_persons_words_are_read_elsewhere_as_they_were_written(words: str) -> None:
    tokens = elsewhere.parse(f"{quoted(words)}\n\n## Next\n")
    assert [token.content for token in tokens[-3:]] == ["", "Next", ""]
    if tokens[0].type == "fence":
        assert tokens[0].content == words + "\n"
    else:
        assert tokens[0].type == "blockquote_open"
        shown = [token for token in tokens[:-3] if token.type == "inline"]
        kinds = {child.type for token in shown for child in token.children or []}
        assert kinds <= {"text", "hardbreak"}
        assert "\n\n".join(token.content.replace("  \n", "\n") for token in shown) == words


KEPT = "Keep `<b>` and $a<b$ and <https://example.com> and a < b"
ANSWERS = {
    "```python\nprint('stopped here')": "```python\nprint('stopped here')\n```",
    "~~~~\na\n\nb": "~~~~\na\n\nb\n~~~~",
    "- list\n  ```\n  open": "- list\n  ```\n  open",
    "Use <div> and <!-- that": "Use \\<div> and \\<!-- that",
    KEPT: KEPT,
    "```html\n<p>\n```\n\n<p>": "```html\n<p>\n```\n\n\\<p>",
    "    <indented>\n": "    <indented>",
}


@pytest.mark.parametrize("text", ANSWERS)
def test_an_answer_does_not_break_what_follows_it(text: str) -> None:
    assert whole(text) == ANSWERS[text]
    tokens = elsewhere.parse(f"{whole(text)}\n\n## Next\n")
    assert [token.content for token in tokens[-3:]] == ["", "Next", ""]
    assert not any(token.type.startswith("html") for token in tokens)


async def test_the_text_of_a_message_is_what_was_written() -> None:
    own, answer = "  two\n\n\nempty\tlines", "See [this](https://example.com) and $x^2$:\n\n```c\n\tint x;\n\n\n```\n"
    person, conversation = await talk((own, answer))
    for position, text in ((1, own), (2, answer)):
        message = await conversation.messages.aget(position=position)
        response = await fetch(person, f"/m/{message.pk}/text")
        assert response.content.decode() == text
        assert response["Content-Type"] == "text/plain; charset=utf-8"
        assert response["Cache-Control"] == "private, no-store"
        assert response["X-Content-Type-Options"] == "nosniff"


async def test_an_answer_that_is_a_picture_gives_the_sentence_that_is_shown() -> None:
    person, conversation = await talk(("imagine a fox", ""))
    answer = await conversation.messages.aget(position=2)
    await answer.pictures.aadd(await sync_to_async(drawn)(person.pk, "a fox"))
    assert (await fetch(person, f"/m/{answer.pk}/text")).content == b"Here is your picture."
    assert "Here is your picture.\n\n[a fox](" in await download(person, f"/c/{conversation.pk}/export.md")


async def test_what_an_answer_cites_goes_along_in_both_files() -> None:
    person, conversation = await talk(("When does it rain?", "In winter [1]."))
    source = {
        "url": "https://example.org/a_(b)?c=1",
        "title": "Rain [in] Cusco",
        "site": "example.org",
        "date": "2026-03-01",
    }
    step = {"tool": "web_search", "words": "rain"}
    await sync_to_async(conversation.runs.update)(sources=[source], steps=[step])
    text = await download(person, f"/c/{conversation.pk}/export.md")
    assert "Sources:\n\n1. [Rain \\[in\\] Cusco](https://example.org/a_%28b%29?c=1), example.org, 2026-03-01\n" in text
    answer = json.loads(await download(person, f"/c/{conversation.pk}/export.json"))["messages"][1]
    assert (answer["sources"], answer["steps"]) == ([source], [step])
