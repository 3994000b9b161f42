"""A function as a tool: what the model is told of it, and what becomes of the arguments that the model gives."""

import json
from contextlib import suppress
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.tools.schema import ArgumentsError, Bounds, kind_of, tool


@tool
def book(
    place: str,
    nights: Annotated[int, Bounds(1, 30)] = 1,
    price: float | None = None,
    breakfast: bool = False,
    kind: Literal["room", "Suite"] = "room",
    extras: Annotated[list[str], Bounds(most=3)] | None = None,
    stars: Literal[3, 4, 5] = 3,
    *,
    person: object = None,
) -> dict[str, Any]:
    """Book a hotel
    in a town.

    Engineers read this - and: this.

    - place: the town, with its country
      if there are several
    - nights: how many nights
    - price: the most that a night may cost
    - breakfast: whether there is breakfast
    - kind: what to book
    - extras: what else is wanted
    - stars: how good it is
    """
    return locals()


def test_hints_and_docstring_are_the_schema() -> None:
    assert (book.name, book.description) == ("book", "Book a hotel in a town.")
    assert book.schema == {
        "type": "object",
        "properties": {
            "place": {
                "type": "string",
                "description": "the town, with its country if there are several",
            },
            "nights": {"type": "integer", "minimum": 1, "maximum": 30, "description": "how many nights"},
            "price": {"type": "number", "description": "the most that a night may cost"},
            "breakfast": {"type": "boolean", "description": "whether there is breakfast"},
            "kind": {"type": "string", "enum": ["room", "Suite"], "description": "what to book"},
            "extras": {
                "type": "array",
                "items": {"type": "string"},
                "description": "what else is wanted",
            },
            "stars": {"type": "integer", "enum": [3, 4, 5], "description": "how good it is"},
        },
        "required": ["place"],
    }


def test_a_tool_is_still_a_function() -> None:
    assert book("Lima", person="me")["person"] == "me"


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({"nights": "10"}, {"nights": 10}),
        ({"nights": " 10 "}, {"nights": 10}),
        ({"nights": 10.0}, {"nights": 10}),
        ({"nights": "10.0"}, {"nights": 10}),
        ({"price": "99.5"}, {"price": 99.5}),
        ({"price": 99}, {"price": 99}),
        ({"price": None}, {}),
        ({"price": "null"}, {}),
        ({"nights": ""}, {}),
        ({"breakfast": "true"}, {"breakfast": True}),
        ({"breakfast": "No"}, {"breakfast": False}),
        ({"breakfast": 1}, {"breakfast": True}),
        ({"kind": "suite"}, {"kind": "Suite"}),
        ({"stars": "4"}, {"stars": 4}),
        ({"extras": "sauna"}, {"extras": ["sauna"]}),
        ({"extras": '["sauna", 5]'}, {"extras": ["sauna", "5"]}),
        ({"extras": "[sauna"}, {"extras": ["[sauna"]}),
        ({"extras": ["sauna"]}, {"extras": ["sauna"]}),
        ({"extras": 7}, {"extras": ["7"]}),
        ({"wings": 2, "person": "somebody else"}, {}),
    ],
)
def test_arguments_become_what_they_mean(given: dict[str, Any], taken: dict[str, Any]) -> None:
    assert book.coerce({"place": "Lima"} | given) == {"place": "Lima"} | taken


@pytest.mark.parametrize(
    ("given", "taken"), [(5, "5"), (1.5, "1.5"), (True, "true"), (" Lima ", "Lima"), ("null", "null"), ('"a"', '"a"')]
)
def test_a_text_is_kept_or_made_of_a_number(given: Any, taken: str) -> None:
    assert book.coerce({"place": given}) == {"place": taken}


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({}, '"place" is missing: it must be a text of 1 to 2000 characters'),
        ({"place": None}, '"place" is missing: it must be a text of 1 to 2000 characters'),
        ({"place": " "}, '"place" must be a text of 1 to 2000 characters, not " "'),
        ({"place": ["Lima"]}, '"place" must be a text of 1 to 2000 characters, not ["Lima"]'),
        ({"place": "x" * 3000}, f'"place" must be a text of 1 to 2000 characters, not "{"x" * 39}…'),
        ({"place": "Lima", "nights": "many"}, '"nights" must be a whole number, 1 to 30, not "many"'),
        ({"place": "Lima", "nights": 31}, '"nights" must be a whole number, 1 to 30, not 31'),
        ({"place": "Lima", "nights": 1.5}, '"nights" must be a whole number, 1 to 30, not 1.5'),
        ({"place": "Lima", "nights": True}, '"nights" must be a whole number, 1 to 30, not true'),
        ({"place": "Lima", "price": "inf"}, '"price" must be a number, not "inf"'),
        ({"place": "Lima", "price": 10**400}, f'"price" must be a number, not 1{"0" * 39}…'),
        ({"place": "Lima", "breakfast": "perhaps"}, '"breakfast" must be true or false, not "perhaps"'),
        ({"place": "Lima", "kind": "tent"}, '"kind" must be one of "room", "Suite", not "tent"'),
        (
            {"place": "Lima", "extras": [1, 2, 3, 4]},
            '"extras" must be a list of at most 3 items, each a text of 1 to 2000 characters, not [1, 2, 3, 4]',
        ),
        (
            {"nights": "a\nb", "breakfast": []},
            '"place" is missing: it must be a text of 1 to 2000 characters; '
            '"nights" must be a whole number, 1 to 30, not "a\\nb"; "breakfast" must be true or false, not []',
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(given: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ArgumentsError) as raised:
        book.coerce(given)
    assert str(raised.value) == f"book was not called: {wrong}."


def test_a_text_holds_nothing_that_a_database_refuses() -> None:
    assert book.coerce({"place": "a\0b\ud800"}) == {"place": "ab?"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([one.name for one in book.parameters]), JSON))
def test_whatever_comes_is_taken_or_refused(arguments: dict[str, Any]) -> None:
    with suppress(ArgumentsError):
        values = book.coerce(arguments)
        assert book.coerce(json.loads(json.dumps(values))) == values


def undescribed(place: str) -> None:
    """Book a hotel."""


def untyped(place) -> None:  # type: ignore[no-untyped-def]
    """Book a hotel.

    - place: the town
    """


def unknown(place: str) -> None:
    """Book a hotel.

    - place: the town
    - day: the day
    """


def undocumented() -> None:
    pass


def strange(place: dict[str, str]) -> None:
    """Book a hotel.

    - place: the town
    """


def many(*places: str) -> None:
    """Book hotels.

    - places: the towns
    """


@pytest.mark.parametrize("function", [undescribed, untyped, unknown, undocumented, strange, many])
def test_a_function_that_says_too_little_is_no_tool(function: Any) -> None:
    with pytest.raises(TypeError):
        tool(function)


@pytest.mark.parametrize("hint", [object, list, list[object], Literal["a", 1], Literal[True], int | str, None])
def test_a_model_cannot_give_other_types(hint: Any) -> None:
    with pytest.raises(TypeError):
        kind_of(hint)
