"""Words of any script are found however they are typed."""

import pytest

from assistant.folding import normalized, words
from assistant.terms import vector


def folded(text: str) -> list[str]:
    return [word.text for word in words(normalized(text))]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Über", "uber"),
        ("Über", "u\u0308ber"),
        ("МОСКВА", "москва"),
        ("Ёлка", "елка"),
        ("Straße", "STRASSE"),
        ("İstanbul", "istanbul"),
        ("ISPARTA", "ısparta"),
        ("ﬁnd", "FIND"),
        ("ｆｕｌｌ", "full"),
        ("١٢٣", "123"),
        ("مُحَمَّدٌ", "محمد"),
        ("أحمد", "احمد"),
        ("کتاب", "كتاب"),
        ("شـــكرا", "شكرا"),
        ("שָׁלוֹם", "שלום"),
        ("Đường", "duong"),
        ("Łódź", "lodz"),
        ("Ørsted", "orsted"),
        ("Æsir", "aesir"),
        ("þing", "thing"),
        ("ΣΊΣΥΦΟΣ", "Σίσυφος"),
        ("क़लम", "कलम"),
        ("ｶﾞｲﾄﾞ", "ガイド"),
        ("カタカナ", "かたかな"),
        ("한국", "\u1112\u1161\u11ab\u1100\u116e\u11a8"),
        ("so\u00adft", "soft"),
        ("می\u200cخواهم", "میخواهم"),
        ("❤️", "❤"),
    ],
)
def test_both_are_the_same_word(one: str, other: str) -> None:
    assert folded(one) == folded(other) != []


@pytest.mark.parametrize(("one", "other"), [("कि", "कु"), ("か", "が"), ("มา", "ไม"), ("шум", "ум"), ("학교", "하교")])
def test_these_are_two_words(one: str, other: str) -> None:
    assert folded(one) != folded(other)


def test_punctuation_parts_words_and_is_none() -> None:
    assert folded("l'eau, e-mail: a_b (c)\u200bd") == ["l", "eau", "e", "mail", "a", "b", "c", "d"]
    assert folded('"*%-:_()!\u200e\u0301') == []


def test_scripts_without_spaces_are_cut_into_pairs() -> None:
    found = list(words("用Python写北京"))
    assert [(word.text, word.is_run) for word in found] == [("用", True), ("python", False), ("写北京", True)]
    assert found[-1].terms == ["写北", "北京", "京"]


def test_a_word_knows_its_place() -> None:
    text = normalized("Die Straße")
    assert [text[word.start : word.end] for word in words(text)] == ["Die", "Straße"]


def test_a_vector_is_never_larger_than_the_database_takes() -> None:
    text = vector(f"{number:040}" for number in range(100_000))
    assert 900_000 < len(text) < 1_300_000
    assert vector(["a"] * 1000).count(",") == 255
    assert (
        max(int(place) for place in vector(str(number) for number in range(20_000)).split(":")[-1].split(",")) < 16_384
    )
