import time

import pytest

from assistant.markdown.parts import BLOCK_CHARACTERS, MARKDOWN_CHARACTERS
from tests.web.markdown.corpus import CORPUS, HUGE
from tests.web.markdown.safety import dangers, text_of
from web.markdown.blocks import plain_blocks, render_blocks
from web.markdown.code import HIGHLIGHT_CHARACTERS, HIGHLIGHT_LINE_CHARACTERS, LANGUAGES, coloured
from web.markdown.mathml import mathml

SECONDS = 3


def one(text: str) -> str:
    (block,) = render_blocks(text)
    return block


def test_each_top_level_block_is_one_string():
    blocks = render_blocks("# Title\n\nWords.\n\n- a\n- b\n\n| a |\n|---|\n| 1 |\n\n---\n\n> said")
    assert [block[:4] for block in blocks] == ["<h2>", "<p>W", "<ul>", "<div", "<hr>", "<blo"]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**a** *b* ~~c~~ `d`", "<p><strong>a</strong> <em>b</em> <s>c</s> <code>d</code></p>"),
        ("a\\\nb", "<p>a<br>\nb</p>"),
        ("3. a", '<ol start="3">\n<li>a</li></ol>'),
        ("###### small", "<h6>small</h6>"),
        ("<b>a</b> &amp; &copy;", "<p>&lt;b&gt;a&lt;/b&gt; &amp; ©</p>"),
        ("- [ ] a\n- [x] b", '<ul>\n<li class="task-item">☐ a</li>\n<li class="task-item">☑ b</li></ul>'),
    ],
)
def test_common_markdown_is_understood(text, html):
    assert one(text) == html


def test_a_table_can_scroll_and_keeps_its_alignment():
    html = one("| a | b |\n|:-:|--:|\n| 1 | 2 |")
    assert html.startswith('<div class="table" tabindex="0"><table>')
    assert '<td class="center" dir="auto">1</td>' in html
    assert '<td class="right" dir="auto">2</td>' in html


def test_a_reader_sees_where_a_link_leads_unless_its_words_say_so():
    assert '<span class="link-host">evil.example</span>' in one("[good.example](https://evil.example/x)")
    assert '<span class="link-host">evil.example</span>' in one("[good.example](https://good.example@evil.example/)")
    assert "link-host" not in one("[Good.example](https://www.good.example/)")
    assert "link-host" not in one("https://good.example/a_b")
    assert "link-host" not in one("<mailto:ada@good.example>")


def test_a_bare_address_becomes_a_link_and_a_bare_name_does_not():
    assert 'href="https://good.example/x"' in one("See https://good.example/x.")
    assert "<a" not in one("See good.example or //good.example or ftp://good.example")


def test_a_picture_is_a_link_and_never_fetched():
    html = one("![A *map*](https://evil.example/p.png)")
    assert "<img" not in html
    assert '<a href="https://evil.example/p.png"' in html
    assert ">A map</a>" in html


def test_a_picture_in_a_link_leaves_one_link():
    html = one("[![Map](https://evil.example/p.png)](https://good.example/)")
    assert html.count("<a") == 1
    assert "p.png" not in html


def test_code_has_its_language_a_copy_button_and_colours():
    html = one("```python\nx = 1\n```")
    assert html.startswith('<figure class="code"><figcaption><span class="code-language">python</span>')
    assert '<button type="button" class="copy-code" data-copy="" aria-label="Copy code">Copy</button>' in html
    assert '<pre tabindex="0"><code>' in html
    assert '<span class="mi">1</span>' in html
    assert text_of(html).endswith("x = 1")


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_twisted_code_is_coloured_in_time(language):
    assert coloured("x", language)
    started = time.process_time()
    for twist in ("x", "{", "(a ", '"\\', "/*", "<<A\n", "\n", " \n", "a.\n", "<a\n"):
        lines = (twist * HIGHLIGHT_LINE_CHARACTERS)[:HIGHLIGHT_LINE_CHARACTERS] + "\n"
        coloured((lines * 30)[:HIGHLIGHT_CHARACTERS], language)
    assert time.process_time() - started < SECONDS


def test_code_in_an_unknown_language_is_shown_as_it_is():
    assert "<code>&lt;b&gt;</code></pre></figure>" in one("```nonsense\n<b>\n```")


@pytest.mark.parametrize("text", ["$a^2$", "\\(a^2\\)", "$$a^2$$", "\\[a^2\\]", "$$\na^2\n$$", "\\[\na^2\n\\]"])
def test_a_formula_becomes_mathml(text):
    assert "<msup><mi>a</mi><mn>2</mn></msup>" in one(text)


def test_a_formula_in_a_list_and_between_lines_of_a_paragraph():
    assert "<math" in one("- so\n  $$\n  x\n  $$\n- then")
    assert ["<math" in block for block in render_blocks("so\n\\[\nx\n\\]\nthen")] == [False, True, False]


@pytest.mark.parametrize("text", ["$5 and $10", "US$ 5, C$ 6", "5$ or 6$", "\\$a$", "$$ is money", "$ 5 $"])
def test_money_is_no_formula(text):
    assert "<math" not in one(text)


@pytest.mark.parametrize(
    "tex",
    [
        "\\def\\a{\\a\\a}\\a",
        "\\newcommand{\\a}{\\a\\a}\\a",
        "\\href{javascript:x}{y}",
        "\\frac{",
        "{" * 900,
        "\\sqrt" * 390 + "x",
        "x" * 2_001,
    ],
)
def test_a_formula_that_is_refused_or_broken_is_shown_as_it_was_written(tex):
    assert mathml(tex, "inline") is None
    assert f'<code class="formula">{tex}</code>' in one(f"${tex}$")


def test_signs_within_a_formula_stay_text():
    assert "<mi>a</mi><mo>&lt;</mo><mi>b</mi>" in one("$a<b$")


@pytest.mark.parametrize("text", CORPUS)
def test_nothing_a_model_writes_can_run_or_fetch(text):
    assert [dangers(block) for block in render_blocks(text) if dangers(block)] == []


@pytest.mark.parametrize("text", CORPUS)
def test_nothing_a_person_writes_can_run_or_fetch(text):
    html = "".join(plain_blocks(text))
    assert dangers(html) == []
    assert "<a" not in html


def test_a_person_sees_their_own_words_as_they_wrote_them():
    assert plain_blocks("\t**a**  \n  <b>\n\n\n c\r\nd") == ['<p class="plain">\t**a**  \n  &lt;b&gt;\n\n\n c\nd</p>']
    assert plain_blocks("  \n") == []
    assert len(plain_blocks("line\n\n" * 10_000)) == 1


def test_a_page_of_code_still_has_its_colours_and_more_is_plain():
    code = "```python\n" + "x = 1\n" * 1000 + "```"
    assert '<span class="mi">1</span>' in one(code)
    blocks = render_blocks("Before.\n\n" + "word\n" * (BLOCK_CHARACTERS // 5 + 1) + "\n**after**")
    assert [block[:10] for block in blocks] == ["<p>Before.", '<p class="']
    assert blocks[1].endswith("\n**after**</p>")


def test_a_very_long_answer_ends_as_plain_text_and_keeps_every_word():
    text = "**word**\n\n" * (MARKDOWN_CHARACTERS // 10 + 5)
    blocks = render_blocks(text)
    assert blocks[0] == "<p><strong>word</strong></p>"
    assert blocks[-1].startswith('<p class="plain">\n**word**')
    assert sum(block.count("word") for block in blocks) == text.count("word")


def test_a_quote_deeper_than_the_parser_goes_keeps_its_words():
    assert one("> " * 40 + "here").endswith("here</p>")


@pytest.mark.parametrize("name", HUGE)
def test_a_huge_or_twisted_text_is_shown_in_time(name):
    started = time.process_time()
    blocks = render_blocks(HUGE[name])
    assert time.process_time() - started < SECONDS
    assert not any(dangers(block) for block in blocks if len(block) < 100_000)
