"""One question, one short answer in words: dates, times of day, comparisons, conversions, percentages, expressions."""

import re
from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from itertools import pairwise

from assistant.calculator import dates, numbers, zones
from assistant.calculator.errors import CalculationError
from assistant.calculator.expressions import PLAIN, Quantity, compare, evaluate, read_unit
from assistant.calculator.text import is_plain, plain, show
from assistant.calculator.tokens import MOST_CHARACTERS
from assistant.calculator.units import Unit, convert

# Words before a question that say nothing about the result.
PREFIX = re.compile(
    r"(?:please |can you |what(?:'s| is| are)|whats|how much (?:is|are)|calculate|compute|evaluate|solve|work out|find"
    r"|the (?:value|result) of)\s+",
    re.IGNORECASE,
)
ORDER = r"(?:\w+er|\w+est|more|less|most|least)"
COMPARED = re.compile(
    rf"(?:which|what) (?:one |number )?is (?:the )?{ORDER}[:,;]?\s+(?:of |between |is )?"
    rf"|(?:the )?{ORDER} of\s+|compare\s+",
    re.IGNORECASE,
)
COMPARED_BEHIND = re.compile(rf"(.+?)[,:;]? (?:which|what) (?:one |number )?is (?:the )?{ORDER}", re.IGNORECASE)
PARTED = re.compile(r"\s+(?:or|vs\.?|versus|and|with|to)\s+|\s*[,;]\s+", re.IGNORECASE)
RELATION = re.compile(
    r"\s*(<=|>=|==|!=|=|<|>|≤|≥|≠|\b(?:is )?(?:greater|larger|bigger|more|less|smaller) than\b"
    r"|\b(?:equals|(?:is )?equal(?: to)?)\b)\s*"
)
CONVERTED = re.compile(r"(?:convert\s+)?(.*\S)\s+(in|to|as|into)\s+(?:a |an |the )?(\S.*)", re.IGNORECASE)
HOW_MANY = re.compile(
    r"(?:how many|number of)\s+(.+?)\s+(?:are |is |fit )?(?:there )?in(?:to)?\s+(\S.*)", re.IGNORECASE
)
BASES = {"hex": 16, "hexadecimal": 16, "binary": 2, "octal": 8}
# Before "to" can be taken for a conversion.
POWER = re.compile(r" (?:raised )?to the power(?: of)? ", re.IGNORECASE)
LISTED = re.compile(
    r"(?:the )?(sum|average|mean|median|gcd|lcm|min|max|minimum|maximum|greatest common divisor|least common multiple)"
    r" (?:of|between) (.+)",
    re.IGNORECASE,
)
LONG_NAMES = {"minimum": "min", "maximum": "max", "greatest common divisor": "gcd", "least common multiple": "lcm"}
PERCENT = re.compile(r"(?:a )?(?:percent(?:age)?|per cent|%)", re.IGNORECASE)

A, B = r"(?P<a>\S.*?)", r"(?P<b>\S.*?)"
CHANGE = "(?:change|increase|decrease|difference|growth)"
PERCENTAGE = r"(?:percent(?:age)?|per ?cent|%)"


def quotient(a: Quantity, b: Quantity) -> numbers.Number:
    """a / b as a plain number."""
    if b.number == 0:
        raise CalculationError("This divides by zero.")
    return numbers.divide(convert(a.number, a.unit, b.unit), b.number)


def changed(a: Quantity, b: Quantity) -> numbers.Number:
    """By how much of `a` the value `b` is more."""
    return numbers.divide(
        numbers.subtract(convert(b.number, b.unit, a.unit), a.number), abs(a.number) if a.number else a.number
    )


# Questions about percentages: the pattern, and the number that is shown as one.
SHARES: list[tuple[re.Pattern[str], Callable[[Quantity, Quantity], numbers.Number]]] = [
    (re.compile(rf"{A} (?:is|are) (?:what|which) {PERCENTAGE} of {B}", re.IGNORECASE), quotient),
    (re.compile(rf"(?:what |which )?{PERCENTAGE} of {B} (?:is|are) {A}", re.IGNORECASE), quotient),
    (re.compile(rf"{A} (?:as|in) (?:a )?{PERCENTAGE} of {B}", re.IGNORECASE), quotient),
    (re.compile(rf"(?:what |which )?{PERCENTAGE} (?:is|are) {A} (?:out )?of {B}", re.IGNORECASE), quotient),
    (re.compile(rf"{A} out of {B} (?:as|in) (?:a )?{PERCENTAGE}", re.IGNORECASE), quotient),
    (
        re.compile(
            rf"(?:the )?(?:{PERCENTAGE} {CHANGE}|{CHANGE} in {PERCENTAGE})(?: from| between) {A} (?:to|and) {B}",
            re.IGNORECASE,
        ),
        changed,
    ),
    (re.compile(rf"from {A} to {B} (?:in|as) (?:a )?{PERCENTAGE}", re.IGNORECASE), changed),
]
# Questions about percentages: the pattern, and the expression that is meant.
REWRITTEN = [
    (re.compile(rf"(?:the )?difference (?:between|of) {A} and {B}", re.IGNORECASE), "abs(({a}) - ({b}))"),
    (re.compile(rf"(?:the )?product of {A} and {B}", re.IGNORECASE), "({a}) * ({b})"),
    (re.compile(rf"{A} ?(?:%|percent) (?:off|less than) {B}", re.IGNORECASE), "({b}) - {a}%"),
    (re.compile(rf"(?:increase|raise) {A} by {B}", re.IGNORECASE), "({a}) + {b}"),
    (re.compile(rf"(?:decrease|reduce|lower) {A} by {B}", re.IGNORECASE), "({a}) - {b}"),
    (re.compile(rf"{A} (?:increased|raised) by {B}", re.IGNORECASE), "({a}) + {b}"),
    (re.compile(rf"{A} (?:decreased|reduced|lowered) by {B}", re.IGNORECASE), "({a}) - {b}"),
    (re.compile(rf"{A} is {B} ?(?:%|percent) of (?:what|which)(?: number)?", re.IGNORECASE), "({a}) / ({b}%)"),
    (re.compile(rf"{B} ?(?:%|percent) of (?:what|which)(?: number)? is {A}", re.IGNORECASE), "({a}) / ({b}%)"),
]


def answer(text: str, now: datetime) -> str:
    """What `text` asks for, in a line. `now` is the moment, in the person's time zone. Raises CalculationError."""
    if len(text) > MOST_CHARACTERS:
        raise CalculationError(f"This is too long: {MOST_CHARACTERS} characters are the most.")
    asked = POWER.sub(" ^ ", " ".join(text.split())).rstrip("?=. ").strip()
    if not asked:
        raise CalculationError("There is nothing to calculate.")
    while (found := PREFIX.match(asked)) and not COMPARED.match(asked):
        asked = asked[found.end() :]
    for answering in (zones.answer, dates.answer):
        if said := answering(asked, now):
            return said
    for work in (_share, _listed, _comparison, _relation, _counted, _conversion):
        if said := work(asked):
            return said
    return _expression(asked)


def _expression(text: str, shown: str = "") -> str:
    value = evaluate(text)
    shown = shown or text
    if value.percent:
        return f"{shown} = {plain(numbers.multiply(value.number, Fraction(100)))} %"
    return f"{shown} {_with_unit(value, text)}"


def _with_unit(value: Quantity, asked: str) -> str:
    """The value behind an equals sign, with its unit."""
    if not value.unit.parts:
        return show(value.number, "/" in asked, asked)
    sign = "=" if is_plain(value.number) else "≈"
    return f"{sign} {_measured(value)}{_clock(value)}"


def _clock(value: Quantity) -> str:
    """Hours and minutes beside a part of an hour."""
    hours = value.number
    if str(value.unit) != "h" or not numbers.is_exact(hours) or hours.denominator == 1 or 60 % hours.denominator:
        return ""
    whole = int(abs(hours))
    return f" ({'-' if hours < 0 else ''}{whole} h {int((abs(hours) - whole) * 60)} min)"


def _measured(value: Quantity) -> str:
    return f"{plain(value.number)} {value.unit}" if value.unit.parts else plain(value.number)


def _share(text: str) -> str:
    for pattern, work in SHARES:
        if found := pattern.fullmatch(text):
            share = numbers.multiply(work(evaluate(found["a"]), evaluate(found["b"])), Fraction(100))
            sign = "+" if work is changed and share > 0 else ""
            return f"{text}: {'' if is_plain(share) else '≈ '}{sign}{plain(share)} %"
    for pattern, meant in REWRITTEN:
        if found := pattern.fullmatch(text):
            return _expression(meant.format(a=found["a"], b=found["b"]), text)
    return ""


def _listed(text: str) -> str:
    found = LISTED.fullmatch(text)
    if not found:
        return ""
    name = found[1].lower()
    parts = re.split(r",\s+(?:and\s+)?|\s+and\s+|,(?!\d{3}\b)", found[2])
    return _expression(f"{LONG_NAMES.get(name, name)}({', '.join(parts)})", text)


def _comparison(text: str) -> str:
    """Of several values which is the largest: "9.11 or 9.9"."""
    begins = COMPARED.match(text)
    if not begins and (behind := COMPARED_BEHIND.fullmatch(text)):
        return _comparison(f"compare {behind[1]}")
    rest = text[begins.end() :] if begins else text
    parts = PARTED.split(rest) if begins else re.split(r"\s+(?:or|vs\.?|versus)\s+", rest, flags=re.IGNORECASE)
    if len(parts) < 2:
        return ""
    values = [(part, evaluate(part)) for part in parts]
    ordered = [values[0]]
    for one in values[1:]:
        place = next((place for place, other in enumerate(ordered) if compare(one[1], other[1]) > 0), len(ordered))
        ordered.insert(place, one)
    if len(ordered) > 2:
        line = ordered[0][0]
        for (_, before), (name, value) in pairwise(ordered):
            line += f" {'>' if compare(before, value) else '='} {name}"
        return f"From the largest to the smallest: {line}"
    (larger, most), (smaller, least) = ordered
    if not compare(most, least):
        return f"{larger} and {smaller} are equal."
    difference = Quantity(numbers.subtract(most.number, convert(least.number, least.unit, most.unit)), most.unit)
    about = "" if is_plain(difference.number) else "about "
    return f"As numbers, {larger} is larger than {smaller}, by {about}{_measured(difference)}."


def _relation(text: str) -> str:
    """Whether "9.11 > 9.9"."""
    parts = RELATION.split(text.removeprefix("is ").removeprefix("Is "))
    if len(parts) != 3 or not parts[0] or not parts[2]:
        return ""
    left, sign, right = parts
    order = compare(evaluate(left), evaluate(right))
    word = sign.removeprefix("is ").split()[0]
    signs = {"greater": ">", "larger": ">", "bigger": ">", "more": ">", "less": "<", "smaller": "<"}
    meant = {**signs, "≤": "<=", "≥": ">=", "≠": "!=", "==": "=", "equal": "=", "equals": "="}.get(word, word)
    holds = {"<": order < 0, ">": order > 0, "=": order == 0, "<=": order <= 0, ">=": order >= 0, "!=": order != 0}
    return f"{'Yes' if holds[meant] else 'No'}: {left} {SIGNS[order]} {right}"


def _counted(text: str) -> str:
    found = HOW_MANY.fullmatch(text)
    return _converted(found[2], found[1]) if found else ""


def _conversion(text: str) -> str:
    found = CONVERTED.fullmatch(text)
    if not found:
        return ""
    target = found[3].lower()
    is_unit = target not in BASES and target not in WRITTEN and not PERCENT.fullmatch(target)
    bare = is_unit and found[2].lower() == "in" and re.search(r"(?:^|[\s(+*/-])[\d.,]+$", found[1])
    if bare and read_unit(found[3])[0].dimensions == INCH.dimensions:
        # "5 in cm": so many inches.
        return _converted(f"{found[1]} in", found[3])
    return _converted(found[1], found[3])


SIGNS = {-1: "<", 0: "=", 1: ">"}
# A plain number is an angle in radians.
RADIAN = Unit((("rad", 1),))
INCH = Unit((("in", 1),))
ANGLE = RADIAN.dimensions
WRITTEN = ("decimal", "decimals", "fraction", "number", "decimal number")


def _converted(text: str, target: str) -> str:
    value, word = evaluate(text), target.lower()
    if word in BASES:
        whole = numbers.whole(value.plain, -(10**300), 10**300)
        return f"{text} = {format(whole, {16: '#x', 2: '#b', 8: '#o'}[BASES[word]])}"
    if PERCENT.fullmatch(word):
        share = numbers.multiply(value.plain, Fraction(100))
        return f"{text} {'=' if is_plain(share) else '≈'} {plain(share)} %"
    if word in WRITTEN:
        return f"{text} {show(value.plain, True, text)}"
    if mixed := re.fullmatch(r"(\S+) (?:and|&) (\S+)", target):
        return _mixed(text, value, mixed[1], mixed[2])
    unit, scale = read_unit(target)
    if value.unit == PLAIN and unit.dimensions == ANGLE:
        value = Quantity(value.number, RADIAN)
    number = numbers.divide(convert(value.number, value.unit, unit), scale)
    label = f"{unit}" if scale == 1 else target
    fraction = (
        f" (exactly {number})" if numbers.is_exact(number) and not is_plain(number) and len(f"{number}") < 16 else ""
    )
    return f"{text} {'=' if is_plain(number) else '≈'} {plain(number)} {label}{fraction}"


def _mixed(text: str, value: Quantity, larger: str, smaller: str) -> str:
    """ "180 cm in feet and inches": whole ones of the first, and the rest in the second."""
    first, second = read_unit(larger)[0], read_unit(smaller)[0]
    number = convert(value.number, value.unit, first)
    whole = numbers.floor(abs(number))
    rest = convert(numbers.subtract(abs(number), whole), first, second)
    sign = "-" if number < 0 else ""
    return f"{text} {'=' if is_plain(rest) else '≈'} {sign}{plain(whole)} {first} {plain(rest)} {second}"
