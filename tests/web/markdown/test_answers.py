"""Markdown as models write it in a chat, beyond what CommonMark says: see docs/markdown.md."""

import re

import pytest

from tests.web.markdown.safety import text_of
from web.markdown.blocks import render_blocks
from web.markdown.stream import MarkdownStream


def html_of(text: str) -> str:
    return "\n".join(render_blocks(text))


def formulas(text: str) -> list[str]:
    return re.findall(r"<annotation[^>]*>([^<]*)</annotation>", html_of(text))


@pytest.mark.parametrize(
    "text",
    [
        "R$12,29 e R$ 15,83",
        "US$5 or US$ 6, A$7 und NT$ 80",
        "**$1.50** and R$ 12",
        "It costs $5 and $10, or **$1.50** and R$ 12,29/m.",
        "Set $HOME/bin:$PATH and use ${a}-${b}.",
        "$AAPL/$MSFT and $GOOG, $TSLA",
        "small ($100K), large ($200K)",
        "It was $5–$10 per month, $5M/$10M, 5$ bis 6$",
        "between $5 and 6$",
        "echo $1 $2 $@ $$ and $(pwd)/$(ls)",
        "In PHP: $x = $y; $a->b($c)",
        "价格是$5到$10。",
        "Match \\[a-z\\]+ or \\[^0-9\\] or \\(foo\\|bar\\)",
        "see \\[1\\], \\[sic\\] and \\(as above\\)",
        "| $5 | $6 |\n|---|---|\n| $7 | $8 |",
        "| Food | $$ |\n|---|---|\n| a | $$$ |",
        "$$$ for dinner, $$ for lunch",
        "$$ - $$$ · Italian",
        "$ – cheap, $$ – moderate, $$$ – expensive",
        "costs $ 5 = R$ 30, not $ 6",
        "$x-$y, $i++; $j-- and $_GET,$_POST",
        "月成本 **$148+ → $19**，~$1,550；$15.4/月",
    ],
)
def test_money_shells_shares_and_brackets_are_no_formulas(text):
    assert formulas(text) == []
    for length in range(1, len(text)):
        stream = MarkdownStream(text[:length])
        stream.changes()
        assert "<math" not in "".join(stream.blocks)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$$x=1$$ and $$y=2$$", ["x=1", "y=2"]),
        ("The sum of $3000 and $3000 is 6000; note $e=mc^2$ here.", ["e=mc^2"]),
        ("The area is \\(\\pi r^2\\), so \\[A = \\pi r^2\\] holds.", ["\\pi r^2", "A = \\pi r^2"]),
        ("\\(x\\), \\(a, b\\) and \\(f(x)\\)", ["x", "a, b", "f(x)"]),
        ("其中$D_i$是距离，$x$为变量。", ["D_i", "x"]),
        ("The $n$th term of $k$-sets", ["n", "k"]),
        ("Total is $\\text{price} = \\$5$.", ["\\text{price} = \\$5"]),
        (
            "$$\n\\begin{align}\na &= b \\\\\nc &= d\n\\end{align}\n$$",
            ["\\begin{align}\na &amp;= b \\\\\nc &amp;= d\n\\end{align}"],
        ),
        ("So\n\\begin{equation}\nE=mc^2\n\\end{equation}\nholds", ["\\begin{equation}\nE=mc^2\n\\end{equation}"]),
        ("```math\nx^2\n```", ["x^2"]),
        ("| f | n |\n|---|---|\n| $x^2$ | $|x|$ |\n| $\\|x\\|$ | $2x$ |", ["x^2", "|x|", "\\|x\\|", "2x"]),
        ("So we get\n$$x=1$$\nas wanted.", ["x=1"]),
        ("Then $$\nx = 1\n$$ and", ["x = 1"]),
        ("The matrix \\begin{bmatrix}1\\end{bmatrix} is", ["\\begin{bmatrix}1\\end{bmatrix}"]),
        ("\\\\(\\\\frac12\\\\), \\\\(x^2\\\\)", ["\\frac12", "x^2"]),
        ("\\\\[\nx=1\n\\\\]", ["x=1"]),
        ("$ \\alpha $ and $ b $ with $ 0 < a < 1 $", ["\\alpha", "b", "0 &lt; a &lt; 1"]),
        ("H$_2$O, 25$^\\circ$C, 5 $\\mu$m, 10$^{-3}$", ["_2", "^\\circ", "\\mu", "^{-3}"]),
        ("| \\(|x|\\) | \\(a\\) |\n|---|---|\n| \\(P(A|B)\\) | b |", ["|x|", "a", "P(A|B)"]),
    ],
)
def test_formulas_are_found_and_keep_their_tex(text, found):
    assert formulas(text) == found


def test_a_price_is_shown_while_it_is_written():
    for text in ("It costs $5 a month", "Set $HOME before", "Buy $AAPL now"):
        stream, steps = MarkdownStream(), []
        for letter in text:
            stream.feed(letter)
            stream.changes()
            steps.append(text_of("".join(stream.blocks)))
        assert all(len(text[:size].strip()) - len(step) <= 3 for size, step in enumerate(steps, 1))


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Roses are red\nViolets are blue", "<p>Roses are red<br>\nViolets are blue</p>"),
        ("• one\n• two", "<p>• one<br>\n• two</p>"),
        ("- 12 Main St\n  Berlin", "<ul>\n<li>12 Main St<br>\nBerlin</li></ul>"),
        ("> a\n> b", "<blockquote>\n<p>a<br>\nb</p></blockquote>"),
    ],
)
def test_a_line_break_is_a_line_break(text, html):
    assert html_of(text) == html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a<br>b<BR/>c", "<p>a<br>\nb<br>\nc</p>"),
        ("H<sub>2</sub>O, x<sup>**2**</sup>", "<p>H<sub>2</sub>O, x<sup><strong>2</strong></sup></p>"),
        ("<kbd>Ctrl</kbd>+<KBD>C</KBD>", "<p><kbd>Ctrl</kbd>+<kbd>C</kbd></p>"),
        ("A <!-- hidden --> B", "<p>A  B</p>"),
        ("a<br>\nb<br / >c</br>d", "<p>a<br>\nb<br>\nc<br>\nd</p>"),
        ("<kbd><kbd>Ctrl</kbd>+<kbd>C</kbd></kbd>", "<p><kbd><kbd>Ctrl</kbd>+<kbd>C</kbd></kbd></p>"),
        (
            "<details open>\n<summary>\n<b>S</b>\n</summary>\n\nx\n\n</details>",
            '<details open=""><summary><strong>S</strong></summary>\n<p>x</p></details>',
        ),
        ("<!-- hidden\nhere -->\n\nB", "<p>B</p>"),
        ("<!-- not\n\nhidden", "<p>&lt;!-- not</p>\n<p>hidden</p>"),
        ("<sub>open", "<p>&lt;sub&gt;open</p>"),
        ("closed</sub>", "<p>closed&lt;/sub&gt;</p>"),
        ("<b>a</b> <u>b</u> <sub class=x>c</sub>", None),
        ("`<br>` <form>", "<p><code>&lt;br&gt;</code> &lt;form&gt;</p>"),
        ("<details><summary>S</summary>body</details>", "<details><summary>S</summary>\n<p>body</p></details>"),
        (
            "<details>\n\nbody\n\n</details>\n\nz",
            "<details><summary>Details</summary>\n<p>body</p></details>\n<p>z</p>",
        ),
    ],
)
def test_a_few_elements_work_and_all_others_stay_text(text, html):
    assert html_of(text) == (html or f"<p>{text.replace('<', '&lt;').replace('>', '&gt;')}</p>")


def test_details_hold_blocks_and_end_where_they_are_closed():
    html = html_of("<details>\n<summary>More</summary>\n\n```text\n</details>\n```\n\n- **a**\n\n</details>\n\nAfter")
    inside, after = html.split("</details>")
    assert "&lt;/details&gt;" in inside
    assert "<li><strong>a</strong></li>" in inside
    assert after == "\n<p>After</p>"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**注意：**请先备份。", "<p><strong>注意：</strong>请先备份。</p>"),
        ("含**「重点」**内容", "<p>含<strong>「重点」</strong>内容</p>"),
        ("**Note:**next", "<p><strong>Note:</strong>next</p>"),
        ("*注意：*请", "<p><em>注意：</em>请</p>"),
        ("~~削除：~~後", "<p><s>削除：</s>後</p>"),
        ("هذا **مهم:**نص", "<p>هذا <strong>مهم:</strong>نص</p>"),
        ("a**(b)**c **d.**E", "<p>a<strong>(b)</strong>c <strong>d.</strong>E</p>"),
        ("** a ** b", "<p>** a ** b</p>"),
        ("**「あ」**と**（い）**です", "<p><strong>「あ」</strong>と<strong>（い）</strong>です</p>"),
        ("x**2 + y**2, 2*3*4", "<p>x**2 + y**2, 2*3*4</p>"),
        ("**/*.js and src/**/*.ts", "<p>**/*.js and src/**/*.ts</p>"),
        ("f(*args, **kwargs) a.*b.*c", "<p>f(*args, **kwargs) a.*b.*c</p>"),
        ("*(**foo**)*", "<p><em>(<strong>foo</strong>)</em></p>"),
    ],
)
def test_bold_words_may_stand_beside_any_punctuation(text, html):
    assert html_of(text) == html


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        (
            "访问 https://example.com/docs，详见（https://example.com/b）。",
            ["https://example.com/docs", "https://example.com/b"],
        ),
        ("“https://example.com/a” https://example.com/؟", ["https://example.com/a", "https://example.com/"]),
        ("https://example.com/लेख।", ["https://example.com/%E0%A4%B2%E0%A5%87%E0%A4%96"]),
        (
            "https://ja.example/レオナルド・ダ",
            ["https://ja.example/%E3%83%AC%E3%82%AA%E3%83%8A%E3%83%AB%E3%83%89%E3%83%BB%E3%83%80"],
        ),
        ("www.example.com/x, foo.www.example.com", ["http://www.example.com/x"]),
        ("Write to help@example.com please", ["mailto:help@example.com"]),
        ("[a](https://example.com/a b.pdf) c", ["https://example.com/a%20b.pdf"]),
        ("**https://example.com/x**（note）", ["https://example.com/x"]),
        ("README.md main.rs example.com `www.example.com`", []),
    ],
)
def test_bare_addresses_end_where_they_should(text, addresses):
    assert re.findall(r'href="([^"]*)"', html_of(text)) == addresses


def test_a_link_whose_words_are_its_address_in_another_spelling_names_no_host():
    assert "link-host" not in html_of("https://example.com/路径")


def test_footnotes_stand_where_they_were_written():
    assert render_blocks("Text[^1] and[^note].\n\n[^1]: First.\n[^note]: Second.") == [
        "<p>Text<sup>1</sup> and<sup>note</sup>.</p>",
        '<p class="footnote"><sup>1</sup> First.</p>',
        '<p class="footnote"><sup>note</sup> Second.</p>',
    ]
    assert html_of("[^1]: A\n\n    more\n\n- b") == (
        '<div class="footnote">\n<p><sup>1</sup> A</p>\n<p>more</p></div>\n<ul>\n<li>b</li></ul>'
    )
    assert html_of("a class like [^abc] or x[^a-z]*") == "<p>a class like [^abc] or x[^a-z]*</p>"


def test_an_alert_has_its_name():
    html = html_of("> [!WARNING]\n> Hot")
    assert html.startswith('<blockquote class="alert alert-warning">\n<p class="alert-name">Warning</p>')
    assert "[!OTHER]" in html_of("> [!OTHER]\n> x")


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(f"{number}. item\n   - sub" for number in range(8, 12)),
        "1. a\n  - b\n2. c",
        "1. First:\n  ```bash\n  ls -l\n  ```\n2. Second",
        "10. a\n   1. b\n11. c",
        "1. a\n  1. b\n  2. c",
    ],
)
def test_what_is_indented_too_little_belongs_to_its_number(text):
    html = html_of(text)
    assert len(render_blocks(text)) == 1
    assert html.count("<ol") == 1 + text.count("  1. ")


def test_code_below_a_number_keeps_its_own_indents():
    assert "<code>if x:\n    y</code>" in html_of("10. a\n   ```\n   if x:\n       y\n   ```").replace(
        "\n</code>", "</code>"
    )


@pytest.mark.parametrize("cell", ["a || b", "a \\| b", "x | y"])
def test_pipes_in_code_part_no_cells(cell):
    html = html_of(f"| op | does |\n|---|---|\n| `{cell}` | or |")
    assert f"<code>{cell.replace(chr(92), '')}</code>" in html
    assert html.count("<td") == 2


def test_a_table_in_arabic_runs_to_the_left():
    assert '<table dir="rtl">' in html_of("| اسم | n |\n|---|---|\n| أ | 1 |")
    assert "<table>" in html_of("| n | اسم |\n|---|---|\n| 1 | أ |")


def test_what_a_model_thought_is_no_part_of_its_answer():
    text = "<think>\nI should greet.\n\nKindly.\n</think>\n\nHello, <think> is a tag."
    assert html_of(text) == "<p>Hello, &lt;think&gt; is a tag.</p>"
    stream = MarkdownStream()
    for letter in text:
        stream.feed(letter)
        stream.changes()
        assert "greet" not in "".join(stream.blocks)
    stream.finish()
    assert stream.blocks == render_blocks(text)


def test_a_hundred_thousand_characters_of_code_are_a_block_of_code():
    code = "x = 1  # `tick`\n" * 6_500
    text = f"Here:\n\n```python\n{code}```\n\n**After**"
    before, block, after = render_blocks(text)
    assert before == "<p>Here:</p>"
    assert text_of(block).endswith(code.rstrip("\n"))
    assert block.startswith('<figure class="code">')
    assert after == "<p><strong>After</strong></p>"
    stream = MarkdownStream()
    for start in range(0, len(text), 997):
        stream.feed(text[start : start + 997])
        stream.changes()
    stream.finish()
    assert stream.blocks == [before, block, after]
