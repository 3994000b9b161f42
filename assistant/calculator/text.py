"""Numbers as text: exact where they are short enough to be read, and 15 digits of the others."""

from fractions import Fraction

from assistant.calculator.numbers import Number, is_exact, mp, real

# Of a whole number; of longer ones the ends are shown.
MOST_DIGITS = 1000
HEAD, TAIL = 30, 10
# Of a decimal that ends, and of a fraction.
MOST_DECIMALS = 30
MOST_FRACTION = 40
SIGNIFICANT = 15
# Between these powers of ten numbers are written out.
LEAST_POWER, MOST_POWER = -7, 21


def show(number: Number, as_fraction: bool = False, asked: str = "") -> str:
    """The number behind an equals sign: "= 0.5", "= 10/3 ≈ 3.33", "≈ 1.41"; `as_fraction`: "= 1/2 = 0.5".

    `asked` stands before it: what is the fraction already is not said again.
    """
    if not is_exact(number):
        return f"≈ {approximate(number)}"
    if number.denominator == 1:
        return f"= {whole(number.numerator)}"
    decimal = terminating(number)
    fraction = f"{number.numerator}/{number.denominator}" if _is_short(number) else ""
    shown = f"= {fraction} " if fraction and fraction != asked.replace(" ", "") else ""
    if decimal:
        return f"{shown if as_fraction else ''}= {decimal}"
    return f"{shown}≈ {approximate(number)}"


def plain(number: Number) -> str:
    """The number alone: exact as a decimal that ends, else 15 digits."""
    if is_exact(number) and number.denominator == 1:
        return whole(number.numerator)
    return (terminating(number) if is_exact(number) else "") or approximate(number)


def is_plain(number: Number) -> bool:
    """Whether `plain` is the number itself, and nothing near it."""
    return is_exact(number) and (number.denominator == 1 or bool(terminating(number)))


def whole(number: int) -> str:
    """A whole number; of a long one its ends, and how many digits it has."""
    size = count_digits(number)
    if size <= MOST_DIGITS:
        return str(number)
    # Python turns no number into text that has more than 4,300 digits.
    digits = abs(number)
    sign = "-" if number < 0 else ""
    head, tail = digits // 10 ** (size - HEAD), digits % 10**TAIL
    return f"{sign}{head}…{tail:0{TAIL}d} ({size} digits, of which the first {HEAD} and the last {TAIL} are shown)"


def count_digits(number: int) -> int:
    """How many decimal digits a whole number has."""
    digits = abs(number)
    size = max(1, int(digits.bit_length() * 0.30103) - 1)
    while digits >= 10**size:
        size += 1
    return size


def terminating(number: Fraction) -> str:
    """The decimal of a fraction, or "" where it does not end, or not soon."""
    rest, twos, fives = number.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
        if twos > MOST_DECIMALS:
            return ""
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
        if fives > MOST_DECIMALS:
            return ""
    places = max(twos, fives)
    if rest != 1 or abs(number.numerator).bit_length() > 300:
        return ""
    digits = abs(number.numerator) * 10**places // number.denominator
    text = f"{digits:0{places + 1}d}"
    sign = "-" if number < 0 else ""
    return f"{sign}{text[:-places]}.{text[-places:]}" if places else f"{sign}{text}"


def approximate(number: Number) -> str:
    """15 significant digits."""
    text = mp().nstr(real(number), SIGNIFICANT, min_fixed=LEAST_POWER, max_fixed=MOST_POWER, strip_zeros=True)
    return str(text).removesuffix(".0").replace(".0e", "e").replace("e+", "e")


def _is_short(number: Fraction) -> bool:
    return abs(number.numerator).bit_length() + number.denominator.bit_length() < MOST_FRACTION * 3
