"""Whom a comment names: us, in any script, or somebody whose name merely begins like ours."""

import time

import pytest

from assistant import naming

NAMES = ["Chaski Demo", "chaski.demo", "Chaski", "羊驼", "Часки", "ラマ"]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("@Chaski how far?", "how far?"),
        ("how far, @chaski?", "how far, ?"),
        ("@ChaskiDemo how far?", "how far?"),
        ("@chaski demo how far?", "how far?"),
        ("@ CHASKI how far?", "how far?"),
        ("＠Chaskiこれは何", "これは何"),
        ("这是什么@Chaski", "这是什么"),
        ("@Chaski는 뭐야", "는 뭐야"),
        ("@chaski.demo: how far?", "how far?"),
        ("(@chaski)", ""),
        ("@chaski 👋", ""),
        ("Hello.@chaski", "Hello."),
        ("what is @chaski's opinion", "what is @chaski's opinion"),
        ("@羊驼 是什么", "是什么"),
        ("@Часки, привет", "привет"),
        ("@ラマは何", "は何"),
        ("“Nice” said she. @chaski is it?", "“Nice” said she. @chaski is it?"),
        ("@chaski @chaski why", "why"),
    ],
)
def test_our_names(text: str, asked: str) -> None:
    assert naming.is_named(text, NAMES)
    assert naming.without(text, NAMES) == asked


@pytest.mark.parametrize(
    "text",
    [
        "chaski how far?",
        "@chaskifans",
        "@chaski2",
        "@chaski_fans",
        "@chaski-fans",
        "@chaski.fans",
        "@chaski.demo.fans",
        "@chaski@mastodon.example",
        "@@chaski",
        "@my.chaski",
        "me@chaski.example",
        "me@chaski",
        "https://example.org/@chaski",
        "@Chaskiшка",
        "@сhaski with a Cyrillic letter",
        "@羊驼店",
        "@Часкин",
        "> @chaski how far?",
        "he said “@chaski is slow”",
        'he said "@chaski is slow"',
        "er sagte „@chaski ist langsam“",
        "il dit « @chaski est lent »",
        "「@chaski は遅い」と言った",
        "'@chaski is slow' he said",
        "`@chaski`",
        "",
        "@",
    ],
)
def test_names_of_others_and_quoted_ones(text: str) -> None:
    assert not naming.is_named(text, NAMES)


def test_a_tag_needs_no_sign() -> None:
    assert naming.is_named("Chaski Demo how far?", NAMES[:1], tagged=True)
    assert naming.without("Chaski Demo how far?", NAMES[:1], tagged=True) == "how far?"
    assert naming.without("so Chaski Demo knows", NAMES[:1], tagged=True) == "so Chaski Demo knows"
    assert not naming.is_named("Chaski Demos how far?", NAMES[:1], tagged=True)
    assert not naming.is_named("how far?", ["", "@"], tagged=True)


def test_long_and_odd_texts_cost_little() -> None:
    begun = time.process_time()
    for text in ("@" * 16_000, "“" * 16_000, "@ch" * 5_000, "> " * 8_000, "@chaski " * 2_000, "'@" * 8_000):
        naming.is_named(text, NAMES)
        naming.without(text, NAMES)
    assert time.process_time() - begun < 1
