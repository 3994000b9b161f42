"""Formulas as plain Unicode, x² + ½, where people can read them so.

math-core turns TeX into MathML, and its elements into signs: https://w3c.github.io/mathml-core/. What needs two
dimensions is not readable: matrices, cases, fractions within fractions.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html.parser import HTMLParser
from itertools import zip_longest

from assistant.markdown.mathml import FormulaError, convert

RAISED = dict(zip("0123456789+-=()abcdefghijklmnoprstuvwxyz", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ", strict=True))
RAISED |= dict(zip("ABDEGHIJKLMNOPRTUVW", "ᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂ", strict=True))
RAISED |= {"−": "⁻", "∘": "°", "°": "°", "*": "*", "∗": "*", "′": "′", "″": "″", "†": "†", "β": "ᵝ", "θ": "ᶿ"}
LOWERED = dict(zip("0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))
LOWERED |= {"−": "₋", "β": "ᵦ", "γ": "ᵧ", "ρ": "ᵨ", "φ": "ᵩ", "χ": "ᵪ"}
PARTS = {"1/2": "½", "1/3": "⅓", "2/3": "⅔", "1/4": "¼", "3/4": "¾", "1/5": "⅕", "2/5": "⅖", "3/5": "⅗", "4/5": "⅘"}
PARTS |= {"1/6": "⅙", "5/6": "⅚", "1/8": "⅛", "3/8": "⅜", "5/8": "⅝", "7/8": "⅞"}
ROOTS = {"2": "√", "3": "∛", "4": "∜"}
# Signs over and under a letter, as the mark that combines with it.
OVER = {"ˆ": "\u0302", "^": "\u0302", "‾": "\u0305", "¯": "\u0304", "ˉ": "\u0304", "⃗": "\u20d7", "→": "\u20d7"}
OVER |= {"˙": "\u0307", "¨": "\u0308", "˜": "\u0303", "~": "\u0303", "ˇ": "\u030c", "˘": "\u0306", "´": "\u0301"}
OVER |= {"`": "\u0300", "˚": "\u030a", "̲": "\u0305", "_": "\u0305", "∼": "\u0303"}
BRACES = frozenset("⏞⏟⏠⏡⎴⎵")
OTHER_SIGNS = {"⟶": "→", "⟵": "←", "⟷": "↔", "⟹": "⇒", "⟸": "⇐", "⟺": "⇔", "⋅": "·", "∗": "*", "ε": "ε", "\u0338": ""}
APPLIED = "\u2061"
INVISIBLE = re.compile("[\u2062-\u2064\u200b\ufe00\ufe01]")
# Between these and their neighbours stands a blank; a sign with a space of its own in MathML has it too.
OPERATORS = frozenset("+−±∓×÷⋅·=≠≈≃≅≡∼<>≤≥≪≫→←↔⇒⇐⇔⟶⟵⟷⟹⟸⟺⇌↦∈∉∋⊂⊆⊃⊇∪∩∧∨∝∣∥⊥⊕⊗∖≺≻⊢⊨∘")
OPENING = frozenset("([{⟨⌊⌈|‖√∛∜/ ")
WIDE = ("Matrix", "matrix", "array", "tabular", "cases", "CD", "subarray", "substack", "binom", "choose", "enclose")
TWO_DIMENSIONS = re.compile(rf"\\(?:begin\s*\{{[A-Za-z]*(?:{'|'.join(WIDE)})\*?\}}|(?:{'|'.join(WIDE)})(?![a-zA-Z]))")
# A fraction before one of these is multiplied with it, and would swallow it.
FACTORS = frozenset({"mi", "mn", "mfrac", "msqrt", "mroot", "msup", "msub", "msubsup", "mover", "munder", "munderover"})
SPACE = 0.16
# Three letters of a word are read better as they are than lowered.
WORD = re.compile(r"[A-Za-z]{3,}")
# f(x), x, x₁², ∂x, 3.5
ONE_NAME = re.compile(
    r"[\d.,]+|(?:[d∂Δ]|[^\W\d_]+(?=′*\())?[^\W\d_]?[′°₀-₉ₐ-ₜ⁰-⁹⁺⁻¹²³ᵢⱼ\u0300-\u036f\u20d7]*(?:(?<=[\w′])\([^()]*\))?"
)
LONGEST = 400


class UnreadableError(Exception):
    """The formula cannot be read on one line, or is not understood."""


@dataclass(slots=True)
class Node:
    """An element of MathML."""

    name: str
    attributes: dict[str, str]
    children: "list[Node]" = field(default_factory=list)
    text: str = ""


@lru_cache(maxsize=1024)
def readable(tex: str) -> str:
    """`tex` as plain text; aligned equations take a line each. Raises UnreadableError."""
    if TWO_DIMENSIONS.search(tex):
        raise UnreadableError(tex)
    try:
        shown = convert(tex, block=True)
    except FormulaError as error:
        raise UnreadableError(tex) from error
    text = _Writer(tex).row(_parsed(shown).children)
    text = re.sub(f"{APPLIED}(?=\\s*[(\\[|])", "", text).replace(APPLIED, " ")
    text = re.sub(r"(?<=[^\d\s]):(?=[^\d\s=])", ": ", text)
    text = text.replace(": = ", " := ")
    lines = [" ".join(line.split()) for line in text.split("\n")]
    text = "\n".join(line for line in lines if line)
    if not text or len(text) > LONGEST:
        raise UnreadableError(tex)
    return text


class _Reader(HTMLParser):
    """The tree of the MathML that math-core wrote."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Node("math", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(node)
        self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Node(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if len(self.open) > 1:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].text += data


def _parsed(mathml: str) -> Node:
    reader = _Reader()
    reader.feed(mathml)
    reader.close()
    return reader.open[0].children[0]


class _Writer:
    """Writes elements as text; `tex` is the formula that they are of."""

    def __init__(self, tex: str) -> None:
        self._tex = tex
        self._fractions = 0
        self._rules: dict[str, Callable[[Node], str]] = {
            "mfrac": self._fraction,
            "msqrt": lambda node: "√" + _grouped(self.row(node.children)),
            "mroot": self._root,
            "msup": self._scripts,
            "msub": self._scripts,
            "msubsup": self._scripts,
            "mover": self._over,
            "munder": self._under,
            "munderover": self._limits,
            "mmultiscripts": self._scripts_before,
            "mtable": self._lines,
            "mphantom": lambda node: "",
        }

    def row(self, nodes: Sequence[Node]) -> str:
        """Elements side by side."""
        out = ""
        for node, following in zip_longest(nodes, nodes[1:]):
            if node.name == "mo" and node.text.strip() in OPERATORS:
                out = _with_operator(out, node)
                continue
            shown = self._one(node)
            if node.name == "mfrac" and "/" in shown and following and following.name in FACTORS:
                shown = f"({shown})"
            out = _beside(out, shown)
        return out

    def _one(self, node: Node) -> str:
        if node.name in self._rules:
            return self._rules[node.name](node)
        if node.name == "mspace":
            width = re.match(r"-?[\d.]+", node.attributes.get("width", ""))
            return " " if width and float(width[0]) > (SPACE if "\\ce" not in self._tex else 2 * SPACE) else ""
        if node.children:
            return self.row(node.children)
        words = INVISIBLE.sub("", node.text)
        shown = "".join(OTHER_SIGNS.get(sign, sign) for sign in words)
        if node.name == "mo" and shown == "," and node.attributes.get("rspace") != "0":
            return ", "
        return shown if node.name == "mtext" else "".join(_plain_letter(sign) for sign in shown.strip())

    def _fraction(self, node: Node) -> str:
        if node.attributes.get("linethickness") == "0":
            raise UnreadableError(self._tex)
        self._fractions += 1
        above, below = (self._one(child) for child in node.children)
        self._fractions -= 1
        if part := PARTS.get(f"{above}/{below}"):
            return part
        if self._fractions:
            raise UnreadableError(self._tex)
        return f"{_grouped(above, products=True)}/{_grouped(below)}"

    def _root(self, node: Node) -> str:
        under, degree = (self._one(child) for child in node.children)
        sign = ROOTS.get(degree) or (f"{raised}√" if (raised := _script(degree, RAISED)) else "")
        if not sign:
            raise UnreadableError(self._tex)
        return sign + _grouped(under)

    def _scripts(self, node: Node) -> str:
        base, *scripts = node.children
        shown = self._one(base)
        if shown.count(" ") and not (shown.startswith(("(", "[", "{", "|", "⟨")) or base.name == "mtext"):
            shown = _grouped(shown)
        tables = {"msup": [("^", RAISED)], "msub": [("_", LOWERED)]}.get(node.name, [("_", LOWERED), ("^", RAISED)])
        parts = [self._raised(script, sign, table) for script, (sign, table) in zip(scripts, tables, strict=True)]
        # Before an element its mass stands first.
        return shown + "".join(parts if shown.strip() else reversed(parts))

    def _raised(self, node: Node, sign: str, table: dict[str, str]) -> str:
        words = _tight(self._one(node))
        if not words:
            return ""
        shown = "" if WORD.search(words) else _script(words, table)
        return shown or sign + (words if words.isalnum() else _grouped(words))

    def _scripts_before(self, node: Node) -> str:
        raise UnreadableError(self._tex)

    def _over(self, node: Node) -> str:
        base, over = node.children
        shown, sign = self._one(base), over.text.strip()
        if sign in BRACES:
            return shown
        if sign in OVER and len(shown) == 1:
            return unicodedata.normalize("NFC", shown + OVER[sign])
        if sign in OVER and "".join(shown.split()).isalnum():
            return "".join(unicodedata.normalize("NFC", letter + OVER[sign]) for letter in shown)
        above = _tight(self._one(over))
        if not above:
            return shown
        if sign in OVER:
            raise UnreadableError(self._tex)
        return f"{shown}({above})"

    def _under(self, node: Node) -> str:
        base, under = node.children
        shown, sign = self._one(base), under.text.strip()
        below = _tight(self._one(under))
        if sign in BRACES or not below:
            return shown
        if base.name == "munder":
            return f"{shown} ({below})"
        if sign in ("_", "̲", "‾"):
            return "".join(letter + "\u0332" for letter in shown)
        return f"{shown}({below})" if shown.count(" ") else f"{shown}{self._raised(under, '_', LOWERED)} "

    def _limits(self, node: Node) -> str:
        base, under, over = node.children
        below, above = (self._raised(one, sign, table) for one, sign, table in _sides(under, over))
        return f"{self._one(base)}{below}{above} "

    def _lines(self, node: Node) -> str:
        rows = [" ".join(self._one(cell) for cell in row.children) for row in node.children]
        return "\n" + "\n".join(rows) + "\n"


def _sides(under: Node, over: Node) -> list[tuple[Node, str, dict[str, str]]]:
    return [(under, "_", LOWERED), (over, "^", RAISED)]


def _with_operator(out: str, node: Node) -> str:
    """`out` with an operator after it, between blanks where it joins two things."""
    sign = OTHER_SIGNS.get(node.text.strip(), node.text.strip())
    unary = node.attributes.get("lspace") == "0" and node.attributes.get("rspace") == "0" and sign in "+−±∓"
    if unary and (not out.strip() or out.rstrip()[-1] in OPENING or out.rstrip()[-1] in OPERATORS):
        return out + sign
    if sign == "∘" or (out.strip() and out[-1] in "([{"):
        return f"{out}{sign}"
    if not out.strip():
        return sign if sign in "+−±∓" else f"{sign} "
    return f"{out.rstrip(' ')} {sign} "


def _beside(out: str, new: str) -> str:
    """`new` after `out`, with a blank before the name of a function."""
    return f"{out} {new}" if re.search(r"[^\W_]\Z", out) and re.match(r"[A-Za-z]{3}", new) else out + new


def _plain_letter(sign: str) -> str:
    """A bold or slanted letter of mathematics as a plain one: phones read those aloud by their long names."""
    if "\U0001d400" <= sign <= "\U0001d7ff" and "DOUBLE-STRUCK" not in unicodedata.name(sign, ""):
        return unicodedata.normalize("NFKC", sign)
    return sign


def _script(words: str, table: dict[str, str]) -> str:
    """`words` raised or lowered; empty where a sign has no such form."""
    signs = [table.get(sign, "") for sign in words]
    return "".join(signs) if all(signs) else ""


def _tight(text: str) -> str:
    """A short formula without its blanks, as it stands raised or lowered; blanks between words stay."""
    return re.sub(r"(?<![^\W\d_]) | (?![^\W\d_])", "", text.strip())


def _grouped(text: str, *, products: bool = False) -> str:
    """`text` in brackets where it is of several parts; `products` says that those that are multiplied need none."""
    text = text.strip()
    simple = len(text) < 2 or bool(ONE_NAME.fullmatch(text))
    if products and not simple:
        simple = not re.search(f"[+−/=\\s{APPLIED}]", re.sub(r"\([^()]*\)", "", text))
    return text if simple or _is_in_brackets(text) else f"({text})"


def _is_in_brackets(text: str) -> bool:
    """Whether one pair of brackets is around all of it."""
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return place == len(text) - 1 and text.startswith("(")
    return False
