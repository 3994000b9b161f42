"""Expressions cut into tokens, after words such as "plus" and "square feet" became signs and names."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from assistant.calculator.errors import CalculationError

MOST_CHARACTERS = 500
MOST_EXPONENT = 9_800

Kind = Literal["number", "name", "sign", "end"]

SIGNS = str.maketrans({
    "×": "*", "⋅": "*", "·": "*", "∙": "*", "÷": "/", "∕": "/", "⁄": "/", "−": "-", "–": "-", "—": "-", "＋": "+",
    "％": "%", "（": "(", "）": ")", "[": "(", "]": ")", "{": "(", "}": ")",
    "’": "'", "”": '"', "“": '"', "′": "'", "″": '"',
    "\u00a0": " ", "\u202f": " ", "\u2009": " ", "→": " to ", "⇒": " to ", "½": "(1/2)", "¼": "(1/4)", "¾": "(3/4)",
    "⅓": "(1/3)", "⅔": "(2/3)", "⅛": "(1/8)", "√": " sqrt ", "∛": " cbrt ", "π": " pi ", "τ": " tau ", "º": "°",
    "≤": "<=", "≥": ">=", "≠": "!=", "⁰": "^0", "¹": "^1", "⁴": "^4", "⁵": "^5", "⁶": "^6", "⁷": "^7", "⁸": "^8",
    "⁹": "^9",
})  # fmt: skip
# Words of people, in the order in which they are replaced.
WORDS: list[tuple[str, str | Callable[[re.Match[str]], str]]] = [
    (r"(?:to the|raised to the)(?: power)?(?: of)? (?=[\d(-])", "^"),
    (r"(\d+) (?:choose|ncr) (\d+)", r"ncr(\1, \2)"),
    (r"multiplied by|times", "*"),
    (r"divided by", "/"),
    (r"plus", "+"),
    (r"minus|less(?! than)", "-"),
    (r"(\d+)(?:st|nd|rd|th) root of (\S+)", r"root(\2, \1)"),
    (r"log(?: base |_)(\d+)(?: of)? ?\(?([\d.]+)\)?", r"log(\2, \1)"),
    (r"div", "//"),
    (r"modulo", "mod"),
    (r"squared", "^2"),
    (r"cubed", "^3"),
    (r"(?:the )?square root(?: of)?", "sqrt"),
    (r"(?:the )?cube root(?: of)?", "cbrt"),
    (r"factorial of", "factorial"),
    (r"half of", "(1/2) of"),
    (r"a (?:third|quarter) of", lambda found: "(1/3) of" if "third" in found[0] else "(1/4) of"),
    (r"double", "2 *"),
    (r"per ?cent", "%"),
    (r"(?:tip|tax|vat|discount|commission|interest) (?:on|of)", "of"),
    (r"(?:square|sq\.?) ([a-z]+)", r"\1^2"),
    (r"cubic ([a-z]+)", r"\1^3"),
    (r"degrees? (celsius|fahrenheit|c|f)", lambda found: " °" + found[1][0].upper()),
    (r"(nautical|light|metric|short|long|troy|astronomical|fluid|us|uk|imperial|watt) (fluid )?"
     r"(mile|year|ton|ounce|unit|gallon|pint|hour)(s?)",
     lambda found: "_".join(filter(None, (found[1], (found[2] or "").strip(), found[3]))) + found[4]),
    (r"fl\.? ?oz", "floz"),
    (r"US (gal|qt|pt|cup|tbsp|tsp)", r"US_\1"),
]  # fmt: skip
REPLACEMENTS = [(re.compile(rf"(?<![A-Za-z_]){words}(?![A-Za-z_])", re.IGNORECASE), to) for words, to in WORDS]
# Amounts of money are plain numbers.
MONEY = re.compile(r"[$€£¥₹](?=\s?[\d.])|(?<=\d)\s?[€£¥₹]")

# "3x4", but not 0x34.
TIMES = re.compile(r"(?<![\w.])(0[xX][0-9a-fA-F]+)|(?<=[\d)])\s*[xX]\s*(?=[\d.(])")

# Thousands are parted by commas, thin spaces or _, never within the parentheses of a function.
GROUPED = r"\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d{1,3}(?:[ _]\d{3})+(?![\d.])(?:\.\d+)?|\d+(?:_\d+)+"
PLAIN = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+(?![A-Za-z_]))?"
TOKEN = re.compile(
    rf"""\s*(?:
        (?P<based>0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+)
        | (?P<comma>\d+,\d+(?![\d.,]))
        | (?P<grouped>{GROUPED})
        | (?P<plain>{PLAIN})
        | (?P<name>°[CF]?|log10|[A-Za-zÅåµμΩö_℃℉]+(?:_[A-Za-z]+)*[23²³]?(?![A-Za-z])|[²³])
        | (?P<sign>\*\*|//|<=|>=|==|!=|''|[-+*/^%!(),<>="'])
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Token:
    """`text` is as written; a number has its value."""

    kind: Kind
    text: str
    value: Fraction = Fraction(0)


END = Token("end", "")


def in_signs(text: str) -> str:
    """The expression with words of arithmetic as signs. Raises CalculationError where it is too long."""
    if len(text) > MOST_CHARACTERS:
        raise CalculationError(f"This is too long: {MOST_CHARACTERS} characters are the most.")
    text = TIMES.sub(lambda found: found[1] or "*", MONEY.sub("", text.translate(SIGNS)))
    for pattern, to in REPLACEMENTS:
        text = pattern.sub(to, text)
    return " ".join(text.split())


def tokenize(text: str) -> list[Token]:
    """The tokens of an expression that went through `in_signs`. Raises CalculationError for what is none."""
    tokens: list[Token] = []
    place = 0
    # Of each open parenthesis, whether it is a function's.
    calls: list[bool] = []
    while text[place:].strip():
        found = TOKEN.match(text, place)
        if not found:
            raise CalculationError(f"“{text[place:].strip()[0]}” cannot be read here.")
        kind, word = found.lastgroup, found[found.lastgroup or 0]
        place = found.end()
        if kind in ("comma", "grouped") and any(calls) and "," in word:
            # In the parentheses of a function a comma parts its arguments.
            place = found.start() + found[0].index(",")
            kind, word = "plain", word.partition(",")[0]
        if kind == "sign":
            if word == "(":
                calls.append(bool(tokens) and tokens[-1].kind == "name")
            elif word == ")" and calls:
                calls.pop()
            tokens.append(Token("sign", {"**": "^", "==": "=", "''": '"'}.get(word, word)))
        elif kind == "name":
            tokens += (
                [Token("sign", "^"), number("2" if word == "²" else "3")] if word in "²³" else [Token("name", word)]
            )
        else:
            tokens.append(number(word))
    return tokens


def number(word: str) -> Token:
    """The token of a number as written. Raises CalculationError where it is too large."""
    if word[:2].lower() in ("0x", "0b", "0o"):
        return Token("number", word, Fraction(int(word, 0)))
    plain = word.replace("_", "").replace(" ", "")
    whole, comma, rest = plain.partition(",")
    # "3,5" is a decimal to half the world; "1,234" is grouped to the other half, and to us.
    decimal = (
        comma and "," not in rest and "." not in rest and (len(rest) != 3 or len(whole) > 3 or whole.startswith("0"))
    )
    plain = plain.replace(",", "." if decimal else "")
    exponent = plain.lower().partition("e")[2]
    if exponent and abs(int(exponent)) > MOST_EXPONENT:
        raise CalculationError("This number is too large, or too small, to be worked out exactly.")
    return Token("number", word, Fraction(plain))
