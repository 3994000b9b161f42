"""What an answer becomes in each app: bold in its signs, tables as lines, links that can be tapped."""

import pytest

from assistant.sources import Source
from integrations.text.dialect import INSTAGRAM, MESSENGER, WHATSAPP
from integrations.text.render import fit, plain, render
from tests.integrations.text.whatsapp_rules import formatted, starts_block, visible

SOURCES = (Source("https://example.org/a_b?c=1", "A page about *stars*"), Source("https://example.net/", ""))

# Markdown, what WhatsApp is sent, and what Messenger and Instagram are sent.
CASES = [
    ("**b** __b__", "*b* *b*", "b b"),
    ("*i* _i_", "_i_ _i_", "i i"),
    ("***x*** **_y_** _**z**_", "*_x_* *_y_* *_z_*", "x y z"),
    ("___x___ __*y*__ *__z__*", "*_x_* *_y_* *_z_*", "x y z"),
    ("***launch 🚀 now***", "*_launch 🚀 now_*", "launch 🚀 now"),
    ("~~s~~", "~s~", "s"),
    ("**bold with *both* in it**", "*bold with _both_ in it*", "bold with both in it"),
    ("# A **bold** `x` *title*", "*A bold x _title_*", "A bold x title"),
    ("###### Small\ntext", "*Small*\n\ntext", "Small\n\ntext"),
    ("Title\n=====\n\ntext", "*Title*\n\ntext", "Title\n\ntext"),
    ("```python\na = '*x*'\n\n  _b_\n```", "```\na = '*x*'\n\n  _b_\n```", "a = '*x*'\n\n  _b_"),
    ("    indented", "```\nindented\n```", "indented"),
    ("~~~\n```\nin\n```\n~~~", "```\n``\u200b`\nin\n``\u200b`\n```", "```\nin\n```"),
    ("```\n```", "", ""),
    ("`x` and `**y**`", "`x` and `**y**`", "x and **y**"),
    ("**a `b` c**", "*a* `b` *c*", "a b c"),
    ("`` a`b ``", "a`b", "a`b"),
    ("[t](https://e.example/x)", "t (https://e.example/x)", "t (https://e.example/x)"),
    ("[**t**](https://e.example/x)", "*t* (https://e.example/x)", "t (https://e.example/x)"),
    ("**see https://e.example/x**", "*see* https://e.example/x", "see https://e.example/x"),
    ("[https://e.example](https://e.example/)", "https://e.example/", "https://e.example/"),
    ("[e.example/x](https://e.example/x)", "https://e.example/x", "https://e.example/x"),
    ("<https://e.example/x> a@e.example", "https://e.example/x a@e.example", "https://e.example/x a@e.example"),
    ("[mail](mailto:a@e.example)", "mail (a@e.example)", "mail (a@e.example)"),
    ("www.e.example, https://e.example/a_b_c.", "www.e.example, https://e.example/a_b_c.", None),
    ("https://e.example/Größe，ja", "https://e.example/Größe，ja", "https://e.example/Größe，ja"),
    ("[t](javascript:x)", "[t](javascript:x)", "[t](javascript:x)"),
    ("![A cat](https://e.example/c.png)", "A cat (https://e.example/c.png)", "A cat (https://e.example/c.png)"),
    ("![](https://e.example/c.png)", "https://e.example/c.png", "https://e.example/c.png"),
    ("- a\n- b", "- a\n- b", "• a\n• b"),
    ("* a\n* *b*", "- a\n- _b_", "• a\n• b"),
    ("- a\n  - b\n    - c\n- d", "- a\n  ◦ b\n    ▪ c\n- d", "• a\n  ◦ b\n    ▪ c\n• d"),
    ("3. a\n4. b\n   - c", "3. a\n4. b\n  ◦ c", "3. a\n4. b\n  ◦ c"),
    ("1. **A**\n\n   text\n\n2. b", "1. *A*\n\n  text\n\n2. b", "1. A\n\n  text\n\n2. b"),
    ("- a\n\n- b", "- a\n- b", "• a\n• b"),
    ("- one\n  two", "- one\n  two", "• one\n  two"),
    ("- [ ] a\n- [x] b", "☐ a\n☑ b", "☐ a\n☑ b"),
    ("- a\n\n  > q", "- a\n\n  » q", "• a\n\n  q"),
    ("> a\n> b", "> a\n> b", "a\nb"),
    ("> a\n> > b", "> a\n\n> » b", "a\n\nb"),
    ("> - a", "> - a", "• a"),
    ("> [!WARNING]\n> **Hot**", "> *Warning*\n> *Hot*", "Warning\nHot"),
    ("| N | M |\n|--|--:|\n| a | 1 |\n| 漢 | 2 |", "```\nN   M\na   1\n漢  2\n```", "N: a\nM: 1\n\nN: 漢\nM: 2"),
    (
        "| Name | What it is |\n|--|--|\n| **Ada** | A person who wrote the first program |\n| Bob | |",
        "Name: *Ada*\nWhat it is: A person who wrote the first program\n\nName: Bob",
        "Name: Ada\nWhat it is: A person who wrote the first program\n\nName: Bob",
    ),
    ("| a | b |\n|--|--|", "```\na  b\n```", "a | b"),
    ("| a |\n|--|\n| [t](https://e.example) |", "a: t (https://e.example)", "a: t (https://e.example)"),
    ("a\n\n---\n\nb", "a\n\nb", "a\n\nb"),
    ("a  \nb\nc\\\nd", "a\nb\nc\nd", "a\nb\nc\nd"),
    ("a<br>b <b>c</b> <u>d</u> List<String> a < b", "a\nb c d List<String> a < b", "a\nb c d List<String> a < b"),
    ("<div>\n<p>a</p>\n<!-- no -->\n</div>", "a", "a"),
    ("H<sub>2</sub>O x<sup>2</sup> <kbd>Ctrl</kbd>", "H₂O x² Ctrl", "H₂O x² Ctrl"),
    ("<details><summary>More</summary>\n\nbody\n</details>", "*More*\n\nbody", "More\n\nbody"),
    ("&amp; &lt;b&gt; &copy; the <b> tag", "& <b> © the <b> tag", "& <b> © the <b> tag"),
    ("Said[^1] so[^a].\n\n[^1]: **Who**.", "Said¹ so(a).\n\n¹ *Who*.", "Said¹ so(a).\n\n¹ Who."),
    ("$x^2$, $$\\frac{1}{2}$$", "x², ½", "x², ½"),
    ("\\[ \\sum_{i=1}^n i \\]", "∑ᵢ₌₁ⁿ i", "∑ᵢ₌₁ⁿ i"),
    ("$\\binom{n}{k}$", "`\\binom{n}{k}`", "\\binom{n}{k}"),
    (
        "$$\n\\begin{matrix}a\\end{matrix}\n$$",
        "```\n\\begin{matrix}a\\end{matrix}\n```",
        "\\begin{matrix}a\\end{matrix}",
    ),
    # Signs that mean nothing stay.
    ("snake_case 2*3*4 ~5 a*b", "snake_case 2*3*4 ~5 a*b", "snake_case 2*3*4 ~5 a*b"),
    ("Price* and tax*", "Price* and tax*", "Price* and tax*"),
    ("*args and **kwargs", "*args and **kwargs", "*args and **kwargs"),
    ("x ** 2 ** 3", "x *\u200a* 2 *\u200a* 3", "x ** 2 ** 3"),
    ("x ** 2, `__init__`, 5 * 3 * 2", "x ** 2, `__init__`, 5 * 3 * 2", "x ** 2, __init__, 5 * 3 * 2"),
    ("__init__ and __main__", "`__init__` and `__main__`", "__init__ and __main__"),
    ("file__name__x and __Important__", "file__name__x and *Important*", "file__name__x and Important"),
    ("\\*not\\* \\_this\\_", "*\u200anot\u200a* _\u200athis\u200a_", "*not* _this_"),
    ("\\* item\n\\- item\n\\> no", "*\u00a0item\n-\u00a0item\n>\u00a0no", "* item\n- item\n> no"),
    ("https://e.example/_a_/~b~", "https://e.example/%5Fa%5F/%7Eb%7E", "https://e.example/_a_/~b~"),
    # Marks that the app would not see.
    ("un**believ**able **API**s", "unbelievable APIs", "unbelievable APIs"),
    ("这是**重点**内容", "这是\u200a*重点*\u200a内容", "这是重点内容"),
    ("**注意：**请", "*注意：*\u200a请", "注意：请"),
    ("مرحبا **بالعالم**", "مرحبا *بالعالم*", "مرحبا بالعالم"),
    ("**one\ntwo**", "*one*\n*two*", "one\ntwo"),
    # Sources
    ("It rains [1].", "It rains [1].\n\n1. A page about *\u200astars\u200a* – https://example.org/a_b?c=1", None),
    ("雨です【2†source】。", "雨です[2]。\n\n2. https://example.net/", "雨です[2]。\n\n2. https://example.net/"),
    ("rows[1].x [3] `a[1]`", "rows[1].x [3] `a[1]`", "rows[1].x [3] a[1]"),
    ("<think>hm</think>Yes", "Yes", "Yes"),
    ("a\r\nb\x00", "a\nb\ufffd", "a\nb\ufffd"),
    ("  \n\n", "", ""),
]


@pytest.mark.parametrize(("markdown", "whatsapp", "others"), CASES)
def test_an_answer_is_written_in_each_apps_signs(markdown: str, whatsapp: str, others: str | None) -> None:
    assert render(markdown, WHATSAPP, SOURCES) == ([whatsapp] if whatsapp else [])
    for dialect in (MESSENGER, INSTAGRAM):
        if others is not None:
            assert render(markdown, dialect, SOURCES) == ([others] if others else [])


@pytest.mark.parametrize("signs", ["*", "_", "~", "**", "__", "~~", "`", "```"])
@pytest.mark.parametrize("words", ["{0}a{0}", '"{0}a b{0}"', "x {0}a{0}, {0}b{0} y", "({0}a {0}b{0})", "a {0} b {0} c"])
def test_signs_of_the_text_format_nothing(signs: str, words: str) -> None:
    escaped = "".join(f"\\{sign}" for sign in signs)
    [shown] = render(words.format(escaped), WHATSAPP)
    assert visible(shown) == words.format(signs)
    assert formatted(shown) == []


@pytest.mark.parametrize("sign", ["*", "_", "~", "`"])
def test_signs_within_bold_words_do_not_end_it(sign: str) -> None:
    [shown] = render(f"so **bold \\{sign}a\\{sign} here** and \\{sign}", WHATSAPP)
    assert visible(shown) == f"so *bold {sign}a{sign} here* and {sign}"
    assert [(mark, visible(words)) for mark, words in formatted(shown)] == [("*", f"bold {sign}a{sign} here")]


def test_a_line_of_the_text_starts_no_list() -> None:
    [shown] = render("\\* a\n\\- b\n\\> c", WHATSAPP)
    assert not any(starts_block(line) for line in shown.split("\n"))
    assert visible(shown) == "* a\n- b\n> c"


def test_only_cited_sources_are_listed_and_long_titles_are_cut() -> None:
    long = Source("https://example.org/", "A very long title " * 20)
    [shown] = render("So it is [2][1].", MESSENGER, [Source("https://a.example/", "A"), long, SOURCES[1]])
    text, listed = shown.split("\n\n")
    assert text == "So it is [2][1]."
    first, second = listed.split("\n")
    assert first == "1. A – https://a.example/"
    assert second.startswith("2. A very long title A")
    assert second.endswith("… – https://example.org/")
    assert len(second) < 100


def test_an_address_that_is_too_long_is_left_out() -> None:
    source = Source("https://example.org/" + "a" * 900, "Title", site="example.org")
    assert render("Yes [1].", INSTAGRAM, [source]) == ["Yes [1].\n\n1. Title"]


def test_without_sources_numbers_in_brackets_stay() -> None:
    assert render("a [1]", MESSENGER) == ["a [1]"]


def test_plain_text_has_no_marks_and_one_line() -> None:
    assert plain("# A **b**\n\n- [c](https://e.example)\n- `d`") == "A b • c • d"
    assert plain("") == ""


@pytest.mark.parametrize(
    ("text", "limit", "fitted"),
    [
        ("abcd efgh", 9, "abcd efgh"),
        ("abcd efgh", 8, "abcd…"),
        ("abcdefghij", 5, "abcd…"),
        ("ab, cd ef", 6, "ab…"),
        ("👨‍👩‍👧👨‍👩‍👧", 9, "👨‍👩‍👧…"),
        ("🇩🇪🇫🇷", 3, "🇩🇪…"),
        ("abc", 0, ""),
        ("abc", 1, "…"),
    ],
)
def test_a_title_is_cut_at_a_word(text: str, limit: int, fitted: str) -> None:
    assert fit(text, limit, WHATSAPP) == fitted


def test_a_title_is_counted_in_the_apps_unit() -> None:
    assert fit("ééé", 6, INSTAGRAM) == "ééé"
    assert fit("éééé", 7, INSTAGRAM) == "éé…"
