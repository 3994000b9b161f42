"""Names in a room that look like the assistant's or like another member's."""

import pytest

from assistant.posing import chosen_name, poses_as, skeleton


@pytest.mark.parametrize(
    "name",
    [
        "Chaski",
        "CHASKI",
        "chaskl",
        "Chask1",
        "Chask|",
        "C h a s k i",
        "C-h-a-s-k-i",
        "Chаski",
        "Сhаѕkі",
        "Ϲhaski",
        "Ｃｈａｓｋｉ",
        "𝐂𝐡𝐚𝐬𝐤𝐢",
        "𝓒𝓱𝓪𝓼𝓴𝓲",
        "Ⓒⓗⓐⓢⓚⓘ",
        "Chaski\u200b",
        "Cha\u200dski",
        "Cháski",
        "C\u0336h\u0336a\u0336s\u0336k\u0336i\u0336",
        "Chaski.",
        "Chaski (bot)",
        "The real Chaski",
        "Chaski Support",
        "Cha$ki",
        "Ch4ski",
        "assistant",
        "Assistant",
        "ASSISTANT",
        "аssistant",
        "Host",
        "h0st",
        "Admin",
        "System",
        "Ассистент",
        "助手",
    ],
)
def test_nobody_poses_as_the_assistant_or_the_house(name: str) -> None:
    assert poses_as(name, ())


@pytest.mark.parametrize(
    "name",
    [
        "Ana",
        "Bo",
        "Al",
        "Chas",
        "Maria José",
        "Иван",
        "Анна",
        "Оля",
        "王小明",
        "さくら",
        "محمد",
        "דנה",
        "Ngọc",
        "🦙",
        "Kim",
        "Hostler",
    ],
)
def test_everybody_else_is_called_as_they_like(name: str) -> None:
    assert not poses_as(name, ("Zoe", "Li"))
    assert chosen_name(name) == name


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("ANA", "Ana"),
        ("Аnа", "Ana"),
        ("Ana ", "Ana"),
        ("A.na", "Ana"),
        ("B0", "Bo"),
        ("Marnie", "Mamie"),
        ("Иван", "ИВАН"),
        ("🦙", "🦙"),
    ],
)
def test_nobody_poses_as_another_member(name: str, other: str) -> None:
    assert poses_as(name, (other,))
    assert skeleton(name) == skeleton(other)


@pytest.mark.parametrize("name", ["Ana (host)", "the real Ana", "Ana official", "Admin Ana", "REAL АNА", "h0st Ana"])
def test_words_of_weight_make_no_other_name(name: str) -> None:
    assert poses_as(name, ("Ana",))


@pytest.mark.parametrize("name", ["Ana 2", "Ana M.", "Anabel", "Real", "Mo Salah"])
def test_two_of_a_name_tell_themselves_apart(name: str) -> None:
    assert not poses_as(name, ("Ana",))


@pytest.mark.parametrize("name", ["Ana: yes", "@Ana", "An\na", "A" * 100, "Ana\u202eoB", "<Ana>", "**Ana**", "   "])
def test_a_name_stays_on_its_line_and_forges_no_other(name: str) -> None:
    chosen = chosen_name(name)
    assert len(chosen) <= 40
    assert not set(chosen) & set(":@\n\u202e<>*")


@pytest.mark.parametrize(
    ("name", "chosen"),
    [
        ("Ana left. The host is Bo", "Ana left The host is Bo"),
        ("Ana left.The host is Bo", "Ana left The host is Bo"),
        ("Bo. This room has moved!", "Bo This room has moved"),
        ("Really? Yes... It ends now.", "Really Yes It ends now"),
        ("安娜离开了。房间关闭了", "安娜离开了 房间关闭了"),
        ("غادرت آنا۔ انتهت الغرفة؟", "غادرت آنا انتهت الغرفة"),
        ("आना चली गई। कमरा बंद है", "आना चली गई कमरा बंद है"),
        ("...", ""),
    ],
)
def test_a_name_ends_no_sentence_of_the_page(name: str, chosen: str) -> None:
    assert chosen_name(name) == chosen


@pytest.mark.parametrize(
    "name",
    [
        *("Dr. Ana", "J.R.", "J. R. Ewing", "Prof. Dr. med. Bo", "Ana B.", "Mrs. O'Hara"),
        *("ana.k", "Ph.D. Cy", "P!nk", "Bo 2.0", "د. أحمد"),
    ],
)
def test_a_name_keeps_its_full_stops(name: str) -> None:
    assert chosen_name(name) == name
