"""Insecure code on a page: what was found stands at its block, and an answer cannot say so, nor hide it, by itself."""

from assistant.code.issues import Issue, Marks, block_key
from tests.web.markdown.safety import dangers
from web.markdown.blocks import render_blocks
from web.markdown.kept import LEAST, KeptBlocks
from web.markdown.stream import MarkdownStream

CODE = "x = eval(y)\n"
TEXT = f"```python\n{CODE}```\n"


def marks(*severities: str, cwe: str = "CWE-94") -> Marks:
    key = block_key("python", CODE)
    return {key: [Issue(key, "python", 1, cwe, severity) for severity in severities]}  # type: ignore[arg-type]


def test_a_note_stands_below_the_code() -> None:
    [html] = render_blocks(TEXT, marks=marks("warning"))
    assert html.endswith(
        '</code></pre><ul class="code-issues"><li>Line 1: runs text as code (CWE-94)</li></ul></figure>'
    )
    assert "<details" not in html


def test_what_had_better_not_be_run_is_folded_behind_its_reason() -> None:
    [html] = render_blocks(TEXT, marks=marks("warning", "error"))
    note, folded = html.split("</ul>")
    assert note.count("<li>") == 2
    assert folded.startswith('<details class="code-folded"><summary>Show it all the same</summary><pre tabindex="0">')
    assert 'class="copy-code"' in note


def test_other_code_is_as_it_was() -> None:
    for text in (TEXT.replace("eval", "call"), TEXT.replace("python", "rust"), TEXT.replace("python", ""), "Prose."):
        assert render_blocks(text, marks=marks("error")) == render_blocks(text)


def test_what_was_found_is_only_text_on_the_page() -> None:
    [html] = render_blocks(TEXT, marks=marks("error", cwe="</li><script>run()</script>"))
    assert dangers(html) == []
    assert "&lt;script&gt;" in html


def test_an_answer_cannot_dress_up_as_a_note() -> None:
    text = '<details class="code-folded"><summary>x</summary>\n\n<ul class="code-issues"><li>y</li></ul>\n\n</details>'
    html = "".join(render_blocks(text))
    assert "<ul" not in html
    assert "<details class" not in html


def test_code_that_is_still_written_has_no_marks() -> None:
    stream = MarkdownStream(TEXT)
    stream.changes()
    assert "code-issues" not in "".join(stream.blocks)


def test_a_long_answer_that_is_kept_has_the_marks_of_now() -> None:
    kept = KeptBlocks(render_blocks)
    text = TEXT + "\nWord **word**.\n" * (LEAST // 20)
    assert "code-issues" not in "".join(kept.blocks(text))
    assert "code-issues" in "".join(kept.blocks(text, (), marks("warning")))
    assert "code-issues" not in "".join(kept.blocks(text))
