"""What is sent when a conversation outgrows the model."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.llama.errors import ContextTooLongError
from assistant.llama.messages import ChatMessage, alternate
from assistant.llama.tokens import SHORTENED, correction, estimate, fit, is_credible

SYSTEM = ChatMessage("system", "Be kind.")


def talk(turns: int, size: int = 200) -> list[ChatMessage]:
    """A conversation of so many questions, each but the last with its answer."""
    messages = [SYSTEM]
    for turn in range(turns):
        messages += [
            ChatMessage("user", f"question {turn} ".ljust(size, "x")),
            ChatMessage("assistant", f"answer {turn} ".ljust(size, "x")),
        ]
    return messages[:-1]


def test_a_short_conversation_is_sent_whole() -> None:
    assert fit(talk(3), 8192, 1024) == talk(3)


def test_the_oldest_turns_go_in_pairs_and_the_rest_stays_in_order() -> None:
    messages = talk(30)
    kept = fit(messages, 4096, 1024)
    assert kept[0] == SYSTEM
    assert kept[1].role == "user"
    assert kept[1:] == messages[-len(kept) + 1 :]
    assert len(kept) < len(messages)


@given(st.integers(1, 60), st.integers(1, 400), st.sampled_from([2048, 4096, 8192]), st.sampled_from([0.5, 1.0]))
def test_what_is_sent_fits_beside_the_answer(turns: int, size: int, context: int, factor: float) -> None:
    kept = fit(talk(turns, size), context, 1024, factor)
    assert estimate(kept, factor) + min(1024, context // 2) <= context
    assert kept[-1].content.startswith(f"question {turns - 1} ")


def test_the_head_of_the_prompt_changes_rarely() -> None:
    heads = [fit(talk(turns), 4096, 1024)[1].content for turns in range(1, 101)]
    changes = sum(before != after for before, after in itertools.pairwise(heads))
    assert 5 <= changes <= 10


def test_a_huge_message_in_the_past_is_dropped_and_not_the_present() -> None:
    messages = [
        SYSTEM,
        ChatMessage("user", "x" * 20_000),
        ChatMessage("assistant", "No."),
        ChatMessage("user", "And now?"),
    ]
    assert fit(messages, 4096, 1024) == [SYSTEM, ChatMessage("user", "And now?")]


def test_a_last_message_that_can_never_fit_is_refused() -> None:
    with pytest.raises(ContextTooLongError):
        fit([SYSTEM, ChatMessage("user", "x" * 20_000)], 4096, 1024)


def test_a_last_message_that_might_fit_is_left_to_the_server() -> None:
    messages = [*talk(3)[:-1], ChatMessage("user", "light prose " * 600)]
    assert fit(messages, 4096, 1024) == [SYSTEM, messages[-1]]


def test_a_tiny_context_keeps_room_for_the_question() -> None:
    assert fit([SYSTEM, ChatMessage("user", "Hello")], 512, 1024)[-1].content == "Hello"


def test_counting_by_bytes_is_safe_for_every_language() -> None:
    assert estimate([ChatMessage("user", "🦙" * 100)]) >= 200
    assert estimate([ChatMessage("user", "こんにちは" * 20)]) >= 77


def test_the_servers_count_corrects_the_next_estimate() -> None:
    messages = talk(10)
    factor = correction(messages, counted=1200)
    assert factor == 0.7
    assert 1200 <= estimate(messages, factor) < estimate(messages)


@pytest.mark.parametrize("counted", [0, 1, 10**9])
def test_an_absurd_count_does_little_harm(counted: int) -> None:
    assert 0.4 <= correction(talk(2), counted) <= 2
    assert correction([], counted) == 1


def test_neighbours_of_one_role_are_joined_and_empty_turns_left_out() -> None:
    roles = [("assistant", "early"), ("user", "a"), ("assistant", " "), ("user", "b"), ("assistant", "c")]
    messages = [SYSTEM, *(ChatMessage(role, text) for role, text in roles)]  # type: ignore[arg-type]
    assert alternate(messages) == [SYSTEM, ChatMessage("user", "a\n\nb"), ChatMessage("assistant", "c")]


@pytest.mark.parametrize("size", [200, 1000, 2000, 4500])
@pytest.mark.parametrize("jitter", [0.0, 0.1])
def test_the_common_prefix_lasts_while_a_conversation_is_long(size: int, jitter: float) -> None:
    """201 turns at 8K, the server's counts fed back: the factor before the cut is the one of the answer before."""
    messages, factor, before, moves = [SYSTEM], 1.0, [SYSTEM], 0
    for turn in range(201):
        messages.append(ChatMessage("user", f"question {turn} ".ljust(60, "x")))
        sent = fit(messages, 8192, 1024, factor)
        moves += sent[: len(before)] != before
        counted = int(sum(len(message.content) for message in sent) / (4 * (1 + jitter * math.sin(turn)))) + 40
        factor, before = correction(sent, counted, factor), sent
        messages.append(ChatMessage("assistant", f"answer {turn} ".ljust(size, "y")))
    turns_that_fit = 2 * 6900 / (0.7 * (size + 80))
    assert 0 < moves <= 2 + 201 / (turns_that_fit / 2)


def test_large_turns_move_the_head_at_every_third_and_not_at_every_second() -> None:
    heads = [fit(talk(turns, 2200), 8192, 1024)[1].content for turns in range(1, 202)]
    assert sum(before != after for before, after in itertools.pairwise(heads)) <= 67


def test_the_turn_before_the_question_is_shortened_rather_than_forgotten() -> None:
    kept = fit(talk(4, 2200), 8192, 1024)
    assert kept[1].content.startswith("question 2 ")
    assert kept[2].content.startswith("answer 2 ")
    assert kept[2].content.endswith(SHORTENED)
    assert fit(talk(5, 2200), 8192, 1024)[:3] == kept[:3]


def test_the_last_message_is_not_counted_by_what_earlier_ones_taught() -> None:
    prose = talk(10, 300)[:-1]
    code = ChatMessage("user", "x" * 13_000)
    sent = fit([*prose, code], 8192, 1024, 0.4)
    assert len(sent) < len(prose)
    assert estimate([code], 1.0) + estimate(sent[:-1], 0.4) <= 8192 - 1024


def test_a_factor_stays_while_it_is_little_too_high() -> None:
    messages = talk(10)
    assert correction(messages, 1200, before=0.8) == 0.8
    assert correction(messages, 1200, before=0.6) == 0.7
    assert correction(messages, 600, before=0.8) == 0.4


@pytest.mark.parametrize(("counted", "credible"), [(None, False), (0, False), (1, False), (100, False), (900, True)])
def test_a_count_of_what_was_not_cached_is_not_believed(counted: int | None, credible: bool) -> None:
    assert is_credible(talk(10), counted) is credible
