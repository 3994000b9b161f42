"""Who is spoken to in a room: the assistant, or somebody else."""

import pytest

from assistant.calling import is_called

NAMES = ("Chaski",)


@pytest.mark.parametrize(
    "text",
    [
        "@Chaski when is it emptiest?",
        "@chaski",
        "so @ chaski, what now",
        "＠Chaski いつ",
        "@assistant sum it up",
        "Chaski, when is it emptiest?",
        "chaski: flights to Andorra",
        "CHASKI!",
        "Chaski?",
        "Chaski - draw us a llama",
        "hey chaski",
        "Hey Chaski I need a hotel",
        "hi Chaski, and hello all",
        "ok chaski draw a llama",
        "What do you think, Chaski?",
        "What do you think, chaski",
        "So, Chaski, where do we go?",
        "We need a plan. Chaski, where do we go?",
        "I do not know.\nChaski, do you?",
        "Chaski when shall we go?",
        "chaski please draw a llama",
        "Chaski can you find flights",
        "Chaski, busca vuelos",
        "Chaski, wann ist es leer?",
        "Hallo Chaski, wann?",
        "Oye Chaski busca vuelos",
        "¿Chaski, cuándo?",
        "¡Chaski!",
        "Was meinst du, Chaski?",
        "Chaski帮我们画一只羊驼",
        "Chaski、いつがいいですか",
        "你好Chaski，什么时候去？",
        "يا Chaski متى نسافر؟",
        "Привет Chaski, когда?",
        "Chaski ช่วยหน่อย",
        "(Chaski, is that right?)",
        "@everyone look. Chaski, what is it?",
    ],
)
def test_the_assistant_is_spoken_to(text: str) -> None:
    assert is_called(text, NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Who brings the skis?",
        "@everyone who comes?",
        "@all @here @channel",
        "@alle @todos",
        "@Bo when?",
        "@chaskifans unite",
        "@chaski.fans unite",
        "@Chaskis",
        "Chaskis are messengers",
        "I asked Chaski yesterday",
        "Chaski said so",
        "Chaski is nice",
        "Chaski's answer was good",
        "Ask Chaski about it",
        "the Chaski of the Incas",
        "We could ask chaski.",
        "I like Chaski, and so does Bo",
        "Bo wrote “Chaski, when?”",
        'He said "@Chaski hello" to me',
        "> Chaski, when is it emptiest?\nI do not know either",
        "`@chaski`",
        "```\n@Chaski hello\n```",
        "```\nChaski, hello",
        "see https://example.org/@chaski",
        "www.example.org/chaski?",
        "write to me@chaski.org",
        "mail chaski@example.org, please",
        "chaskiiii",
        "Machaski, wann?",
        "/who",
    ],
)
def test_somebody_else_is_spoken_to(text: str) -> None:
    assert not is_called(text, NAMES)


def test_a_house_of_another_name_is_called_by_that() -> None:
    assert is_called("Hey Inti Bot, when?", ["Inti Bot"])
    assert is_called("@intibot when?", ["Inti Bot"])
    assert not is_called("Chaski, when?", ["Inti Bot"])
    assert not is_called("Inti, when?", ["Inti Bot"])


@pytest.mark.parametrize("text", ["@" * 16_000, "Chaski " * 3_000, "```\n" * 5_000, "hey " * 5_000, '"' * 16_000])
def test_no_text_takes_long(text: str) -> None:
    is_called(text, NAMES)
