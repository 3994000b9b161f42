"""Expressions: numbers with units, percentages and functions, parsed by precedence climbing and worked out at once."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction

from assistant.calculator import numbers
from assistant.calculator.errors import CalculationError
from assistant.calculator.numbers import Number, is_exact
from assistant.calculator.tokens import END, Token, in_signs, tokenize
from assistant.calculator.units import Unit, convert, find, join

DEEPEST = 40
PLAIN = Unit()
NAMED = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "hundred": 100, "dozen": 12}
LONG_NAMED = {f"{name}{ending}": factor for name, factor in NAMED.items() for ending in ("", "s")}
NAMED |= {"k": 10**3, "mn": 10**6, "bn": 10**9}
SPELLED = {"a": 1, "an": 1, "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7}
SPELLED |= {"eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "twenty": 20, "fifty": 50}
DEGREE = Unit((("°", 1),))


@dataclass(frozen=True)
class Quantity:
    """A number of units. `percent`: it was written with a %, and its number is the hundredth."""

    number: Number
    unit: Unit = PLAIN
    percent: bool = False

    @property
    def plain(self) -> Number:
        """The number where no unit can be. Raises CalculationError."""
        return convert(self.number, self.unit, PLAIN) if self.unit.parts else self.number

    @property
    def radians(self) -> Number:
        """The number as an angle; a plain one is in radians."""
        if not self.unit.parts:
            return self.number
        degrees = convert(self.number, self.unit, DEGREE)
        return numbers.multiply(degrees, numbers.divide(+numbers.mp().pi, Fraction(180)))

    def to(self, unit: Unit) -> "Quantity":
        return Quantity(convert(self.number, self.unit, unit), unit)


def evaluate(text: str) -> Quantity:
    """The value of an expression, as written by people. Raises CalculationError."""
    parser = Parser(tokenize(in_signs(text)))
    value = parser.sum()
    parser.end()
    return value


def read_unit(text: str) -> tuple[Unit, Fraction]:
    """The unit that `text` names, with a number that may stand in it: "km/h", "L/100 km". Raises CalculationError."""
    parser = Parser(tokenize(in_signs(text)))
    unit = parser.unit()
    scale = Fraction(1)
    if unit and parser.peek().text == "/" and parser.peek(1).kind == "number":
        parser.take()
        scale = 1 / (parser.take().value or Fraction(1))
        below = parser.unit()
        unit = join(unit, below.raised(-1))[0] if below else None
    if unit is None:
        raise CalculationError(f"“{text[:40]}” is no unit that is known here.")
    parser.end()
    return unit, scale


class Parser:
    """Reads one expression. Each method takes what it names, and raises CalculationError where that is not there."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0

    def peek(self, ahead: int = 0) -> Token:
        place = self._place + ahead
        return self._tokens[place] if place < len(self._tokens) else END

    def take(self) -> Token:
        token = self.peek()
        self._place += 1
        return token

    def skip(self, *texts: str) -> str:
        """The next token's text, taken, if it is one of these; else ""."""
        if self.peek().kind != "number" and self.peek().text in texts:
            return self.take().text
        return ""

    def end(self) -> None:
        if self.peek() != END:
            raise CalculationError(f"“{self.peek().text}” cannot be read here.")

    def sum(self) -> Quantity:
        value = self.product()
        while sign := self.skip("+", "-"):
            value = added(value, self.product(), -1 if sign == "-" else 1)
        return value

    def product(self) -> Quantity:
        value = self.signed()
        while True:
            if self.skip("*", "x", "X", "of", "on"):
                value = multiplied(value, self.signed())
            elif self.skip("/", "per", "over"):
                value = divided(value, self.signed())
            elif self.skip("//"):
                quotient = divided(value, self.signed())
                value = replace(quotient, number=numbers.floor(quotient.number))
            elif self.skip("mod"):
                value = remainder(value, self.signed())
            elif self.peek().text == "%" and self._starts_value(1):
                self.take()
                value = remainder(value, self.signed())
            elif self._starts_value() and self.peek().kind != "number":
                # "2 pi", "3 (4 + 5)"
                value = multiplied(value, self.power())
            else:
                return value

    def signed(self) -> Quantity:
        if sign := self.skip("-", "+"):
            with self._deeper():
                value = self.signed()
            return replace(value, number=-value.number) if sign == "-" else value
        return self.power()

    def power(self) -> Quantity:
        # Whatever stands within something else comes by here.
        with self._deeper():
            value = self.postfix()
            return raised(value, self.signed()) if self.skip("^") else value

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > DEEPEST:
            raise CalculationError("Too much stands within each other here.")
        yield
        self._depth -= 1

    def postfix(self) -> Quantity:
        value = self.measured()
        while True:
            if self.skip("!"):
                if self.peek().text == "!":
                    raise CalculationError("“!!” has two meanings: please write (n!)!, or the factors.")
                value = Quantity(numbers.factorial(value.plain))
            elif self.peek().text == "%" and not self._starts_value(1):
                self.take()
                value = Quantity(numbers.divide(value.plain, Fraction(100)), percent=True)
            else:
                return value

    def measured(self) -> Quantity:
        """A value with its units: "5 km/h", and joined ones: "5 ft 11 in"."""
        value = self.atom()
        if value.unit.parts:
            return value
        unit = self.unit()
        if unit is None:
            return value
        value = Quantity(value.number, unit)
        while self.peek().kind == "number" and not unit.scale:
            start = self._place
            number = self.take().value
            smaller = self.unit()
            if smaller is None or smaller.dimensions != unit.dimensions or smaller.scale:
                self._place = start
                break
            value = added(value, Quantity(number, smaller), 1)
        return value

    def unit(self) -> Unit | None:
        """A product of units with their powers, or None where the next token is no unit."""
        total = self._one_unit()
        while total is not None:
            start = self._place
            sign = self.skip("*", "/", "per")
            following = self._one_unit() if sign else None
            if following is None:
                self._place = start
                break
            joined, factor = join(total, following if sign == "*" else following.raised(-1))
            if factor != 1:
                self._place = start
                break
            total = joined
        return total

    def _one_unit(self) -> Unit | None:
        token = self.peek()
        is_mark = token.kind == "sign" and token.text in ('"', "'")
        if not is_mark and (token.kind != "name" or self._calls(token, self.peek(1))):
            return None
        if token.text.lower() == "in" and self._starts_value(1):
            return None
        unit = find(token.text)
        if unit is None:
            return None
        self.take()
        if self.peek().text == "^" and (self.peek(1).kind == "number" or self.peek(1).text == "-"):
            self.take()
            sign = -1 if self.skip("-") else 1
            unit = unit.raised(sign * numbers.whole(self.take().value, 1, 9))
        return unit

    def atom(self) -> Quantity:
        token = self.take()
        spelled = SPELLED.get(token.text.lower()) if token.kind == "name" else None
        if token.kind == "number" or spelled is not None:
            number: Number = token.value if spelled is None else Fraction(spelled)
            while factor := NAMED.get(self.peek().text) or LONG_NAMED.get(self.peek().text.lower(), 0):
                self.take()
                number = numbers.multiply(number, Fraction(factor))
            return Quantity(number)
        if token.text == "(":
            value = self.sum()
            if not self.skip(")"):
                raise CalculationError("A closing parenthesis is missing.")
            return replace(value, percent=False)
        if token.kind == "name":
            return self._named(token)
        raise CalculationError(f"A number is missing before “{token.text}”." if token.text else "A number is missing.")

    def _named(self, token: Token) -> Quantity:
        name = token.text.lower()
        if self._calls(token, self.peek()):
            return FUNCTIONS[name](self._arguments(name))
        if name in CONSTANTS:
            return Quantity(CONSTANTS[name]())
        self._place -= 1
        unit = self.unit()
        if unit is None:
            raise CalculationError(f"“{token.text[:40]}” is not known here.")
        return Quantity(Fraction(1), unit)

    def _arguments(self, name: str) -> list[Quantity]:
        if not self.skip("("):
            self.skip("of")
            return [self.signed() if self.peek().text == "-" else self.power()]
        found = [self.sum()]
        while self.skip(","):
            found.append(self.sum())
        if not self.skip(")"):
            raise CalculationError(f"The closing parenthesis of {name} is missing.")
        return found

    @staticmethod
    def _calls(token: Token, following: Token) -> bool:
        """Whether a name is that of a function, and not that of a unit: "min"."""
        name = token.text.lower()
        return name in FUNCTIONS and (name not in UNITS_TOO or following.text == "(")

    def _starts_value(self, ahead: int = 0) -> bool:
        """Whether a value begins there."""
        token = self.peek(ahead)
        if token.kind == "name":
            word = token.text.lower()
            return word not in ("of", "on", "x", "mod", "per", "over", "to", "in", "as", "off") and (
                self._calls(token, self.peek(ahead + 1))
                or word in CONSTANTS
                or word in SPELLED
                or find(token.text) is not None
            )
        return token.kind == "number" or token.text == "("


def added(left: Quantity, right: Quantity, sign: int) -> Quantity:
    """The sum, or difference, in the units of the left; "80 + 15 %" is 80 and 15 % of it."""
    if right.percent and not left.percent:
        part = numbers.multiply(left.number, right.number)
        return replace(left, number=numbers.add(left.number, sign * part))
    if left.unit.scale is not None or right.unit.scale is not None:
        if left.unit != right.unit:
            raise CalculationError("Temperatures of two scales cannot be added; convert one first.")
        return replace(left, number=numbers.add(left.number, sign * right.number))
    if left.unit.dimensions != right.unit.dimensions:
        raise CalculationError(f"{named(left.unit)} and {named(right.unit)} cannot be added.")
    other = convert(right.number, right.unit, left.unit) if right.unit != left.unit else right.number
    return Quantity(numbers.add(left.number, sign * other), left.unit, left.percent and right.percent)


def multiplied(left: Quantity, right: Quantity) -> Quantity:
    unit, factor = join(*(_no_scale(one.unit, other) for one, other in ((left, right), (right, left))))
    return _without_unit(numbers.multiply(numbers.multiply(left.number, right.number), factor), unit)


def divided(left: Quantity, right: Quantity) -> Quantity:
    if left.unit.scale is not None and not right.unit.parts:
        return replace(left, number=numbers.divide(left.number, right.number), percent=False)
    unit, factor = join(_no_scale(left.unit, right), _no_scale(right.unit, left).raised(-1))
    return _without_unit(numbers.multiply(numbers.divide(left.number, right.number), factor), unit)


def remainder(left: Quantity, right: Quantity) -> Quantity:
    if left.unit.dimensions != right.unit.dimensions:
        raise CalculationError(f"{named(left.unit)} cannot be divided by {named(right.unit)} with a remainder.")
    return Quantity(numbers.modulo(left.number, convert(right.number, right.unit, left.unit)), left.unit)


def raised(value: Quantity, exponent: Quantity) -> Quantity:
    power = exponent.plain
    if not value.unit.parts:
        return Quantity(numbers.power(value.number, power))
    size = numbers.whole(power, -9, 9)
    return _without_unit(numbers.power(value.number, power), _no_scale(value.unit, value).raised(size))


def named(unit: Unit) -> str:
    return str(unit) if unit.parts else "a plain number"


def _no_scale(unit: Unit, other: Quantity) -> Unit:
    """The unit, unless it is a temperature on a scale that meets other units: 20 °C is not twice 10 °C."""
    if unit.scale is not None and other.unit.parts:
        raise CalculationError("Temperatures on a scale cannot be multiplied; use kelvin.")
    return unit


def _without_unit(number: Number, unit: Unit) -> Quantity:
    """A quantity; one whose units cancel each other is a plain number, and what remains of GB/(Mbit/s) are seconds."""
    if not unit.parts or (any(unit.dimensions) and len(unit.parts) == 1):
        return Quantity(number, unit)
    if not any(unit.dimensions):
        return Quantity(numbers.multiply(number, unit.factor))
    base = Unit.of(unit.dimensions)
    return Quantity(numbers.multiply(number, unit.factor), base) if base else Quantity(number, unit)


# Functions: arguments to a quantity


def _of_one(work: Callable[[Number], Number]) -> Callable[[list[Quantity]], Quantity]:
    return lambda given: Quantity(work(_exactly(given, 1)[0].plain))


def _of_two(work: Callable[[Number, Number], Number]) -> Callable[[list[Quantity]], Quantity]:
    return lambda given: Quantity(work(*(one.plain for one in _exactly(given, 2))))


def _exactly(given: list[Quantity], count: int) -> list[Quantity]:
    if len(given) != count:
        raise CalculationError(f"This function takes {count} number{'s' if count > 1 else ''}, not {len(given)}.")
    return given


def _keeping(work: Callable[[Number], Number]) -> Callable[[list[Quantity]], Quantity]:
    """A function of one number that keeps its unit."""

    def call(given: list[Quantity]) -> Quantity:
        value = _exactly(given, 1)[0]
        return replace(value, number=work(value.number), percent=False)

    return call


def _alike(given: list[Quantity]) -> list[Quantity]:
    """All in the unit of the first."""
    return [one if one.unit == given[0].unit else one.to(given[0].unit) for one in given]


def _total(given: list[Quantity]) -> Quantity:
    total = given[0]
    for one in given[1:]:
        total = added(total, replace(one, percent=False), 1)
    return replace(total, percent=False)


def _mean(given: list[Quantity]) -> Quantity:
    return divided(_total(given), Quantity(Fraction(len(given))))


def _median(given: list[Quantity]) -> Quantity:
    ordered = sorted(_alike(given), key=lambda one: one.number)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else _mean(ordered[middle - 1 : middle + 1])


def _root(given: list[Quantity], size: int) -> Quantity:
    value = _exactly(given, 1)[0]
    if not value.unit.parts:
        return Quantity(numbers.root(value.number, Fraction(size)))
    if any(exponent % size for _symbol, exponent in value.unit.parts):
        raise CalculationError(f"There is no such root of {value.unit}.")
    parts = tuple((symbol, exponent // size) for symbol, exponent in value.unit.parts)
    return Quantity(numbers.root(value.number, Fraction(size)), Unit(parts))


def _rounded(given: list[Quantity]) -> Quantity:
    if len(given) > 2:
        _exactly(given, 2)
    digits = given[1].plain if len(given) == 2 else Fraction(0)
    return replace(given[0], number=numbers.rounded(given[0].number, digits), percent=False)


def _log(given: list[Quantity]) -> Quantity:
    if len(given) > 2:
        _exactly(given, 2)
    return Quantity(numbers.log(given[0].plain, given[1].plain if len(given) == 2 else Fraction(10)))


def _periodic(name: str) -> Callable[[list[Quantity]], Quantity]:
    return lambda given: Quantity(numbers.periodic(name, _exactly(given, 1)[0].radians))


def _inverse(name: str) -> Callable[[list[Quantity]], Quantity]:
    return _of_one(lambda x: numbers.inverse(name, x))


def _hyperbolic(name: str) -> Callable[[list[Quantity]], Quantity]:
    return _of_one(lambda x: numbers.hyperbolic(name, x))


CONSTANTS: dict[str, Callable[[], Number]] = {
    "pi": lambda: +numbers.mp().pi,
    "tau": lambda: 2 * numbers.mp().pi,
    "e": lambda: +numbers.mp().e,
    "phi": lambda: +numbers.mp().phi,
}
FUNCTIONS: dict[str, Callable[[list[Quantity]], Quantity]] = {
    "sqrt": lambda given: _root(given, 2),
    "cbrt": lambda given: _root(given, 3),
    "root": _of_two(numbers.root),
    "pow": _of_two(numbers.power),
    "exp": _of_one(numbers.exp),
    "ln": _of_one(numbers.ln),
    "log": _log,
    "log10": _of_one(lambda x: numbers.log(x, Fraction(10))),
    "log2": _of_one(lambda x: numbers.log(x, Fraction(2))),
    "abs": _keeping(abs),
    "floor": _keeping(numbers.floor),
    "ceil": _keeping(numbers.ceil),
    "round": _rounded,
    "factorial": _of_one(numbers.factorial),
    "ncr": _of_two(numbers.choose),
    "choose": _of_two(numbers.choose),
    "binomial": _of_two(numbers.choose),
    "npr": _of_two(numbers.arrange),
    "gcd": lambda given: Quantity(numbers.pairwise(math.gcd, [one.plain for one in given])),
    "lcm": lambda given: Quantity(numbers.pairwise(math.lcm, [one.plain for one in given])),
    "min": lambda given: min(_alike(given), key=lambda one: one.number),
    "max": lambda given: max(_alike(given), key=lambda one: one.number),
    "sum": _total,
    "mean": _mean,
    "average": _mean,
    "avg": _mean,
    "median": _median,
    **{name: _periodic(name) for name in ("sin", "cos", "tan")},
    **{name: _inverse(name) for name in ("asin", "acos", "atan")},
    **{f"arc{name[1:]}": _inverse(name) for name in ("asin", "acos", "atan")},
    **{name: _hyperbolic(name) for name in ("sinh", "cosh", "tanh")},
}
# Names that are units too, where no parenthesis follows.
UNITS_TOO = {"min"}


def compare(left: Quantity, right: Quantity) -> int:
    """-1, 0 or 1. Raises CalculationError where the two cannot be compared."""
    if left.unit.dimensions != right.unit.dimensions:
        raise CalculationError(f"{named(left.unit)} and {named(right.unit)} cannot be compared.")
    other = right if right.unit == left.unit else right.to(left.unit)
    both = is_exact(left.number) and is_exact(other.number)
    difference = left.number - other.number if both else numbers.real(left.number) - numbers.real(other.number)
    if not both and abs(difference) <= abs(numbers.real(left.number)) * numbers.real(numbers.NOTHING):
        return 0
    return int(difference > 0) - int(difference < 0)
