"""What real guard models say, and what they might: only a verdict is read as one."""

import pytest

from assistant.guard.categories import Category, Version, version_in, version_of
from assistant.guard.errors import VerdictError
from assistant.guard.verdicts import Verdict, parse_verdict

C = Category
TWO, THREE, SMALL, FOUR = version_of("", 2), version_of("", 3), version_of("Llama-Guard-3-1B"), version_of("", 4)


@pytest.mark.parametrize("said", ["safe", "\n\nsafe", " Safe \n", "SAFE", "\n\nsafe<|eot_id|>", "\r\nsafe\r\n"])
def test_safe_stands_alone(said: str) -> None:
    assert parse_verdict(said, THREE) == Verdict()


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("unsafe\nS1", {C.VIOLENT_CRIMES}),
        ("\n\nunsafe\nS10", {C.HATE}),
        ("unsafe\nS1,S9", {C.VIOLENT_CRIMES, C.INDISCRIMINATE_WEAPONS}),
        ("unsafe\n S1 , S10 \n", {C.VIOLENT_CRIMES, C.HATE}),
        ("Unsafe\r\ns11", {C.SELF_HARM}),
        ("unsafe S2", {C.NON_VIOLENT_CRIMES}),
        ("unsafe\n\nS3\nS4", {C.SEX_CRIMES, C.CHILD_EXPLOITATION}),
        ("unsafe: S7", {C.PRIVACY}),
        ("\n\nunsafe\nS14<|eot_id|>", {C.CODE_INTERPRETER_ABUSE}),
        ("unsafe\nS15", {C.OTHER}),
        ("unsafe\nO3", {C.OTHER}),
        ("unsafe\nS0", {C.OTHER}),
        ("unsafe\nS100", {C.OTHER}),
        ("unsafe\nS1 and more", {C.VIOLENT_CRIMES, C.OTHER}),
        ("unsafe", {C.OTHER}),
        ("unsafe\n", {C.OTHER}),
        ("unsafe\nS", {C.OTHER}),
        ("unsafe\nsafe", {C.OTHER}),
    ],
)
def test_unsafe_is_unsafe_whatever_follows(said: str, found: set[Category]) -> None:
    assert parse_verdict(said, THREE) == Verdict(frozenset(found))


@pytest.mark.parametrize(
    "said",
    [
        *("", "\n\n", "<|eot_id|>", "saf", "unsaf", "un", "safe\nS1", "safe, but", "safe.", "safe\nunsafe", "safer"),
        *("unsafely", "not safe", "This is safe", "I cannot help with that.", "S1", '{"verdict": "safe"}', "s a f e"),
        "safe\n\nUser: Hello",
    ],
)
def test_what_is_no_verdict_is_never_safe(said: str) -> None:
    with pytest.raises(VerdictError) as raised:
        parse_verdict(said, THREE)
    assert said not in str(raised.value) or len(said) < 3


@pytest.mark.parametrize(
    ("said", "found"),
    [("unsafe\nS1", {C.OTHER}), ("unsafe\nS9,S1", {C.INDISCRIMINATE_WEAPONS, C.OTHER}), ("unsafe", {C.OTHER})],
)
def test_the_last_code_of_what_was_cut_off_is_not_believed(said: str, found: set[Category]) -> None:
    assert parse_verdict(said, THREE, cut=True) == Verdict(frozenset(found))


def test_safe_that_was_cut_off_is_no_verdict() -> None:
    with pytest.raises(VerdictError):
        parse_verdict("safe", THREE, cut=True)


@pytest.mark.parametrize(
    ("version", "code", "category"),
    [
        (TWO, 5, C.SPECIALIZED_ADVICE),
        (TWO, 8, C.INDISCRIMINATE_WEAPONS),
        (TWO, 10, C.SELF_HARM),
        (TWO, 11, C.SEXUAL_CONTENT),
        (TWO, 12, C.OTHER),
        (THREE, 5, C.DEFAMATION),
        (THREE, 11, C.SELF_HARM),
        (THREE, 14, C.CODE_INTERPRETER_ABUSE),
        (SMALL, 13, C.ELECTIONS),
        (SMALL, 14, C.OTHER),
        (FOUR, 9, C.INDISCRIMINATE_WEAPONS),
    ],
)
def test_each_version_has_its_own_codes(version: Version, code: int, category: Category) -> None:
    assert parse_verdict(f"unsafe\nS{code}", version) == Verdict(frozenset({category}))


@pytest.mark.parametrize(
    ("model", "number"),
    [
        ("meta-llama/Llama-Guard-3-8B", 3),
        ("meta-llama/Meta-Llama-Guard-2-8B", 2),
        ("meta-llama/Llama-Guard-4-12B", 4),
        ("llama-guard3:1b", 3),
        ("Llama-Guard-3-11B-Vision", 3),
        ("/models/LlamaGuard_3_1B.Q4_K_M.gguf", 3),
        ("meta-llama/LlamaGuard-7b", 0),
        ("guard-2b", 0),
        ("llama-3.1-8b", 0),
    ],
)
def test_the_name_of_the_model_tells_its_version(model: str, number: int) -> None:
    assert version_in(model) == number


def test_a_model_of_no_known_version_is_refused() -> None:
    with pytest.raises(ValueError, match="no version"):
        version_of("meta-llama/LlamaGuard-7b")
