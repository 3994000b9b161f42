"""Numbers: exact fractions as long as that is possible, else 40 digits. Every operation has a bound."""

import math
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

from assistant.calculator.errors import CalculationError

# An exact fraction, or a number of mpmath's.
Number = Any

# Of numerator and denominator: 9,800 digits.
MAX_BITS = 32_768
TOO_SMALL = "This number is too close to zero to be worked out."
TOO_LARGE = "This number would have more than 9,800 digits: too large to be worked out exactly."
# Beyond these, e to the power has more digits than that, and angles lose theirs.
MAX_EXPONENT = 22_000
MAX_ANGLE = 10**15
MAX_FACTORIAL = 3_000
DIGITS = 40
# What is so close to nothing, measured by what it was made of, is nothing: sin(pi).
NOTHING = Fraction(1, 10**32)
MAX_ROOT = 100


@cache
def mp() -> Any:
    """mpmath with our precision, apart from that of others. Loaded when it is needed: 0.1 s."""
    import mpmath

    context: Any = mpmath.mp.clone()  # type: ignore[no-untyped-call]
    context.dps = DIGITS
    return context


def is_exact(number: Number) -> bool:
    return isinstance(number, Fraction)


def real(number: Number) -> Any:
    """The number as one of mpmath's."""
    return mp().mpf(number.numerator) / number.denominator if is_exact(number) else number


def checked(number: Number) -> Number:
    """The number, if it is within bounds. Raises CalculationError."""
    if is_exact(number):
        if max(abs(number.numerator).bit_length(), number.denominator.bit_length()) > MAX_BITS:
            raise CalculationError(TOO_LARGE)
        return number
    if not isinstance(number, mp().mpf):
        raise CalculationError("This has no result among the real numbers.")
    if mp().isnan(number) or mp().isinf(number):
        raise CalculationError("This has no finite result.")
    if number == 0:
        return Fraction(0)
    if abs(mp().mag(number)) > MAX_BITS:
        raise CalculationError(TOO_LARGE if abs(number) > 1 else TOO_SMALL)
    return number


def add(a: Number, b: Number) -> Number:
    """The sum; what is left of inexact numbers only by rounding is nothing."""
    if is_exact(a) and is_exact(b):
        return checked(a + b)
    left, right = real(a), real(b)
    total = left + right
    return Fraction(0) if abs(total) < real(NOTHING) * max(abs(left), abs(right)) else checked(total)


def subtract(a: Number, b: Number) -> Number:
    return add(a, -b)


def multiply(a: Number, b: Number) -> Number:
    return checked(a * b if is_exact(a) and is_exact(b) else real(a) * real(b))


def divide(a: Number, b: Number) -> Number:
    """Raises CalculationError for a division by zero."""
    if b == 0:
        raise CalculationError("This divides by zero.")
    return checked(a / b if is_exact(a) and is_exact(b) else real(a) / real(b))


def modulo(a: Number, b: Number) -> Number:
    """The remainder, with the sign of `b`."""
    return subtract(a, multiply(b, floor(divide(a, b))))


def power(a: Number, b: Number) -> Number:
    """`a` to the power of `b`: exact where that is possible, and real where it can be."""
    if not (is_exact(a) and is_exact(b)):
        return _real_power(a, b)
    if b.denominator == 1:
        return _whole_power(a, b.numerator)
    if b.denominator <= MAX_ROOT and (found := exact_root(a, b.denominator)) is not None:
        return _whole_power(found, b.numerator)
    if a < 0 and b.denominator % 2:
        found = -_real_power(-a, b)
        return found if b.numerator % 2 else -found
    return _real_power(a, b)


def _whole_power(a: Fraction, n: int) -> Number:
    if a == 0 and n < 0:
        raise CalculationError("This divides by zero.")
    if abs(a.numerator) <= 1 and a.denominator == 1:
        return Fraction(a.numerator if n % 2 else a.numerator**2) if n else Fraction(1)
    bits = max(abs(a.numerator).bit_length(), a.denominator.bit_length()) - 1
    if bits * abs(n) > MAX_BITS:
        if a.denominator == 1:
            raise CalculationError(TOO_LARGE)
        # Interest for many days: its digits are too many, its size is not.
        found = _real_power(abs(a), Fraction(n))
        return -found if a < 0 and n % 2 else found
    return checked(a**n)


def _real_power(a: Number, b: Number) -> Number:
    if a == 0:
        if b <= 0:
            raise CalculationError("This has no finite result.")
        return Fraction(0)
    if a < 0:
        raise CalculationError("This has no result among the real numbers.")
    return exp(multiply(b, ln(a)))


def exact_root(a: Fraction, n: int) -> Fraction | None:
    """The exact n-th root, or None where there is none among the fractions."""
    if a < 0:
        found = exact_root(-a, n) if n % 2 else None
        return -found if found is not None else None
    above, below = whole_root(a.numerator, n), whole_root(a.denominator, n)
    return Fraction(above, below) if above**n == a.numerator and below**n == a.denominator else None


def whole_root(a: int, n: int) -> int:
    """The n-th root of a whole number that is not negative, rounded down."""
    if n == 2 or a < 2:
        return math.isqrt(a)
    # Newton's method from a little above, where it only comes down.
    guess = mp().exp(mp().log(a) / n)
    found = int(guess + guess * mp().mpf(10) ** (5 - DIGITS)) + 1
    while (better := ((n - 1) * found + a // found ** (n - 1)) // n) < found:
        found = better
    return found


def root(a: Number, n: Number) -> Number:
    """The n-th root."""
    if n == 0:
        raise CalculationError("There is no zeroth root.")
    return power(a, divide(Fraction(1), n))


def exp(x: Number) -> Number:
    if x == 0:
        return Fraction(1)
    if abs(x) > MAX_EXPONENT:
        raise CalculationError(TOO_LARGE if x > 0 else TOO_SMALL)
    return checked(mp().exp(real(x)))


def ln(x: Number) -> Number:
    _need_positive(x)
    return Fraction(0) if x == 1 else checked(mp().log(real(x)))


def log(x: Number, base: Number) -> Number:
    """The logarithm of `x`, exact where `x` is a whole power of the base."""
    _need_positive(x)
    _need_positive(base)
    if base == 1:
        raise CalculationError("There is no logarithm to base 1.")
    found = divide(ln(x), ln(base))
    if is_exact(found):
        return found
    whole = int(mp().nint(found))
    exact = is_exact(x) and is_exact(base) and abs(whole) <= MAX_BITS and abs(found - whole) < real(NOTHING) * 10**6
    return Fraction(whole) if exact and power(base, Fraction(whole)) == x else found


def _need_positive(x: Number) -> None:
    if x <= 0:
        raise CalculationError("A logarithm needs a number above zero.")


def floor(x: Number) -> Number:
    return Fraction(math.floor(x) if is_exact(x) else int(mp().floor(x)))


def ceil(x: Number) -> Number:
    return -floor(-x)


def rounded(x: Number, digits: Number = Fraction(0)) -> Number:
    """Rounded to so many decimals, halves away from zero, as people do it."""
    scale = _whole_power(Fraction(10), whole(digits, -1000, 1000))
    half = add(multiply(abs(x), scale), Fraction(1, 2))
    found = divide(floor(half), scale)
    return -found if x < 0 else found


def whole(x: Number, least: int, most: int) -> int:
    """The number as an int. Raises CalculationError unless it is a whole number within these bounds."""
    if not is_exact(x) or x.denominator != 1:
        raise CalculationError("This needs a whole number.")
    if not least <= x <= most:
        raise CalculationError(f"This needs a whole number from {least} to {most}.")
    return int(x)


def factorial(x: Number) -> Number:
    return Fraction(math.factorial(whole(x, 0, MAX_FACTORIAL)))


def choose(n: Number, k: Number) -> Number:
    """In how many ways k of n can be chosen."""
    many, few = whole(n, 0, 10**9), whole(k, 0, 10**9)
    if few <= many and min(few, many - few) * many.bit_length() > MAX_BITS:
        raise CalculationError(TOO_LARGE)
    return Fraction(math.comb(many, few))


def arrange(n: Number, k: Number) -> Number:
    """In how many ways k of n can be put in a row."""
    many, few = whole(n, 0, 10**9), whole(k, 0, 10**9)
    if few <= many and few * many.bit_length() > MAX_BITS:
        raise CalculationError(TOO_LARGE)
    return Fraction(math.perm(many, few))


def periodic(name: str, x: Number) -> Number:
    """sin, cos or tan of an angle in radians."""
    if abs(x) > MAX_ANGLE:
        raise CalculationError("This angle is too large.")
    if name == "tan" and abs(mp().cos(real(x))) < real(NOTHING):
        raise CalculationError("The tangent has no finite value there.")
    found = getattr(mp(), name)(real(x))
    return Fraction(0) if abs(found) < real(NOTHING) else checked(found)


def inverse(name: str, x: Number) -> Number:
    """asin, acos or atan, in radians."""
    if name != "atan" and abs(x) > 1:
        raise CalculationError("This has no result among the real numbers.")
    return checked(getattr(mp(), name)(real(x)))


def hyperbolic(name: str, x: Number) -> Number:
    """sinh, cosh or tanh."""
    if abs(x) > MAX_EXPONENT:
        raise CalculationError(TOO_LARGE)
    return checked(getattr(mp(), name)(real(x)))


def pairwise(work: Callable[[int, int], int], numbers: list[Number]) -> Number:
    """gcd or lcm of whole numbers."""
    found = whole(numbers[0], -(1 << MAX_BITS), 1 << MAX_BITS)
    for number in numbers[1:]:
        found = work(found, whole(number, -(1 << MAX_BITS), 1 << MAX_BITS))
        checked(Fraction(found))
    return Fraction(abs(found))
