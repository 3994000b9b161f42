"""Held against Python's own fractions and dates; and nothing that is typed breaks or takes long."""

import itertools
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from assistant.calculator.answer import answer
from assistant.calculator.dates import add_months, apart, working_days
from assistant.calculator.errors import CalculationError
from assistant.calculator.expressions import FUNCTIONS, evaluate
from assistant.calculator.numbers import MAX_BITS, is_exact, whole_root
from assistant.calculator.text import plain, whole
from assistant.calculator.units import Unit, _by_name, _by_symbol, convert

NOW = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)
DAYS = st.dates(date(1600, 1, 1), date(2400, 12, 31))


def decimals() -> st.SearchStrategy[tuple[str, Fraction]]:
    """A number as written, and its value."""
    written = st.from_regex(r"[0-9]{1,6}(\.[0-9]{1,6})?", fullmatch=True)
    return written.map(lambda text: (text, Fraction(text)))


def combined(parts: st.SearchStrategy[tuple[str, Fraction]]) -> st.SearchStrategy[tuple[str, Fraction]]:
    """Two expressions joined by a sign, or one in parentheses or with another sign."""

    def join(left: tuple[str, Fraction], sign: str, right: tuple[str, Fraction]) -> tuple[str, Fraction]:
        a, b = left[1], right[1]
        values: dict[str, Any] = {
            "+": a + b,
            "-": a - b,
            "*": a * b,
            "/": a / b if b else None,
            "mod": a % b if b else None,
        }
        return f"({left[0]}) {sign} ({right[0]})", values[sign]

    joined = st.builds(join, parts, st.sampled_from(["+", "-", "*", "/", "mod"]), parts)
    negated = parts.map(lambda part: (f"-({part[0]})", -part[1]))
    return st.one_of(joined.filter(lambda pair: pair[1] is not None), negated)


@given(st.recursive(decimals(), combined, max_leaves=8))
def test_arithmetic_is_exactly_that_of_fractions(pair: tuple[str, Fraction]) -> None:
    text, value = pair
    assume(len(text) < 480)
    assert evaluate(text).number == value


@given(st.lists(st.tuples(st.sampled_from("+-*/"), st.integers(1, 999)), min_size=1, max_size=12), st.integers(0, 999))
def test_precedence_is_that_of_python(rest: list[tuple[str, int]], first: int) -> None:
    text = f"{first}" + "".join(f"{sign}{number}" for sign, number in rest)
    python = f"Fraction({first})" + "".join(f"{sign}Fraction({number})" for sign, number in rest)
    assert evaluate(text).number == eval(python, {"Fraction": Fraction})  # noqa: S307


@given(st.fractions(max_denominator=1000), st.integers(-20, 20))
def test_powers_are_exact(base: Fraction, exponent: int) -> None:
    assume(base or exponent >= 0)
    assert evaluate(f"({base})^({exponent})").number == base**exponent


@given(st.fractions(min_value=0, max_denominator=500), st.integers(2, 9))
def test_a_root_of_a_power_is_exact(base: Fraction, size: int) -> None:
    assert evaluate(f"root({base**size}, {size})").number == base


@given(st.integers(0, 10**40), st.integers(2, 60))
def test_a_root_is_rounded_down(number: int, size: int) -> None:
    found = whole_root(number, size)
    assert found**size <= number < (found + 1) ** size


@given(decimals(), decimals())
def test_comparisons_are_those_of_fractions(left: tuple[str, Fraction], right: tuple[str, Fraction]) -> None:
    said = answer(f"{left[0]} or {right[0]}", NOW)
    if left[1] == right[1]:
        assert said == f"{left[0]} and {right[0]} are equal."
    else:
        larger, smaller = (left, right) if left[1] > right[1] else (right, left)
        assert said.startswith(f"As numbers, {larger[0]} is larger than {smaller[0]}, by ")


@given(decimals(), decimals())
def test_percentages_are_exact(amount: tuple[str, Fraction], rate: tuple[str, Fraction]) -> None:
    share = rate[1] / 100
    assert evaluate(f"{rate[0]} % of {amount[0]}").number == amount[1] * share
    assert evaluate(f"{amount[0]} + {rate[0]}%").number == amount[1] * (1 + share)
    assert evaluate(f"{amount[0]} - {rate[0]}%").number == amount[1] * (1 - share)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=6))
def test_a_decimal_is_shown_as_it_is(number: Any) -> None:
    value = Fraction(number)
    assert Fraction(plain(value)) == value


@given(st.integers(0, 10**4).map(lambda size: 7**size))
@settings(max_examples=30)
def test_a_long_number_is_shown_by_its_ends(number: int) -> None:
    shown = whole(number)
    if "…" in shown:
        digits = int(shown.partition("(")[2].split()[0])
        assert 10 ** (digits - 1) <= number < 10**digits
        assert number // 10 ** (digits - 30) == int(shown[:30])
        assert number % 10**10 == int(shown.partition("…")[2][:10])
    else:
        assert int(shown) == number


def test_every_unit_goes_there_and_back_exactly() -> None:
    units = [Unit(((symbol, 1),)) for symbol in _by_symbol()]
    exact = [unit for unit in units if is_exact(unit.factor)]
    assert len(exact) > 200
    number = Fraction(12345, 7)
    for one, other in itertools.product(exact, exact):
        if one.dimensions == other.dimensions:
            assert convert(convert(number, one, other), other, one) == number


def test_no_unit_has_the_name_of_a_function_but_minutes() -> None:
    assert set(FUNCTIONS) & set(_by_name()) == {"min"}


@given(DAYS, DAYS)
def test_days_are_those_of_the_calendar(a: date, b: date) -> None:
    said = answer(f"days between {a} and {b}", NOW)
    count = abs((b - a).days)
    assert said.startswith(f"{count} day{'' if count == 1 else 's'} ")
    assert (" back from " in said) == (b < a)


@given(DAYS, st.integers(-20_000, 20_000))
def test_a_day_so_much_later_is_that_of_the_calendar(day: date, count: int) -> None:
    sign = "+" if count >= 0 else "-"
    assert f"({(day + timedelta(days=count)).isoformat()})." in answer(f"{day} {sign} {abs(count)} days", NOW)


@given(DAYS, DAYS)
def test_years_months_and_days_add_up(a: date, b: date) -> None:
    a, b = min(a, b), max(a, b)
    sizes = {"year": 0, "month": 0, "day": 0}
    for part in apart(a, b).replace(" and ", ", ").split(", "):
        sizes[part.split()[1].removesuffix("s")] = int(part.split()[0])
    assert add_months(a, sizes["year"] * 12 + sizes["month"]) + timedelta(days=sizes["day"]) == b


@given(DAYS, st.integers(0, 400))
def test_working_days_are_counted_one_by_one(day: date, count: int) -> None:
    days = [day + timedelta(days=number) for number in range(count)]
    assert working_days(day, day + timedelta(days=count)) == sum(one.weekday() < 5 for one in days)


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1)), st.sampled_from(["Tokyo", "Lima", "Kolkata", "Berlin"])
)
def test_times_elsewhere_are_those_of_the_zone_database(moment: datetime, city: str) -> None:
    keys = {"Tokyo": "Asia/Tokyo", "Lima": "America/Lima", "Kolkata": "Asia/Kolkata", "Berlin": "Europe/Berlin"}
    there = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(keys[city]))
    assert f" is {there:%H:%M} in {city} (" in answer(f"{moment:%Y-%m-%d %H:%M} UTC in {city}", NOW)


WORDS = """
0 1 2 7 9.5 1e9 99999999 3,5 1,234 3000! 7^9000 0xff ( ) ( ) + - * / ^ ** ! % , < > = pi e x of in to and or ° ' "
sqrt log exp sin nCr( gcd( max( round( km m min h C F kg GB mpg ft days weeks 2024-02-29 today 14:00 pm Tokyo Berlin
UTC+2 between from until is what percent million half per mod vs which larger convert how many a the
"""


def line_or_reason(text: str) -> str:
    """The answer, or why there is none. Any other error fails the test."""
    try:
        return answer(text, NOW)
    except CalculationError as error:
        return str(error)


@given(st.lists(st.sampled_from(WORDS.split()), min_size=1, max_size=25), st.sampled_from(["", " "]))
@settings(max_examples=600)
def test_whatever_is_asked_gets_a_line_or_a_reason_soon(words: list[str], between: str) -> None:
    begun = perf_counter()
    assert 0 < len(line_or_reason(between.join(words))) < 4000
    assert perf_counter() - begun < 2


@given(st.text(max_size=600))
@settings(max_examples=300)
def test_no_text_breaks_it(text: str) -> None:
    assert line_or_reason(text)


def test_the_dearest_expressions_end_soon() -> None:
    large = f"(7^{int(MAX_BITS / 2.81) - 10})"
    begun = perf_counter()
    for text in (
        "/3^20000*".join([large] * 30)[:499],
        "+".join([f"1/{large}"] * 25),
        "*".join(["3000!/2999!"] * 40),
        "lcm(" + ",".join(["3000!"] * 60) + ")",
        "+".join(["nCr(9999,1000)"] * 30),
        "+".join(["sin(10^14)"] * 40),
        "^".join(["1.5"] * 30),
        "+".join(["(2^32000-1)^(1/97)"] * 24),
        "+".join([f"root({large},99)"] * 28),
        " in ".join(["5 in"] * 60),
        " or ".join(["1/3"] * 70),
        "14:00 in " * 50,
        "what is " * 60,
        "2024-01-01 + " + "1 day and " * 40,
    ):
        line_or_reason(text)
    assert perf_counter() - begun < 6
