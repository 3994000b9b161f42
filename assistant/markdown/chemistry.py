"""Chemistry and units: the arguments of \\ce and \\pu (mhchem) and of \\SI and its kin (siunitx), as plain TeX.

The usual kind only: compounds, charges, isotopes, states, bonds, arrows; numbers with units. Grammars:
https://mhchem.github.io/MathJax-mhchem/ and https://ctan.org/pkg/siunitx.
"""

import re

ARROWS = {
    "->": "xrightarrow",
    "-->": "xrightarrow",
    "<-": "xleftarrow",
    "<->": "xleftrightarrow",
    "<=>": "xrightleftharpoons",
    "<=>>": "xrightleftharpoons",
    "<<=>": "xrightleftharpoons",
    "=>": "xRightarrow",
}
ARROW = re.compile(r"(<=>>|<<=>|<=>|<->|-->|->|<-|=>)(?:\[((?:[^\[\]]|\[[^\]]*\])*)\])?(?:\[([^\]]*)\])?")
NAKED = {
    "->": r"\longrightarrow",
    "-->": r"\dashrightarrow",
    "<-": r"\longleftarrow",
    "<->": r"\longleftrightarrow",
    **dict.fromkeys(("<=>", "<=>>", "<<=>"), r"\rightleftharpoons"),
    "=>": r"\Longrightarrow",
}
BONDS = {"-": "{-}", "=": "{=}", "#": r"{\equiv}"}
PIECES = re.compile(
    r"""
    (?P<power>\^(?:\{(?P<braced_power>[^{}]*)\}|(?P<bare_power>\d*[+-]|\d+|\w|[*.])))
    |(?P<index>_(?:\{(?P<braced_index>[^{}]*)\}|(?P<bare_index>\d+|\w)))
    |(?P<letters>[A-Za-z\u0370-\u03ff]+)
    |(?P<number>\d+(?:\.\d+)?(?:/\d+)?)
    |(?P<charge>(?:\+|-)(?=$|[\])]))
    |(?P<bond>[-=\#])
    |(?P<dot>[.*\u00b7])
    |(?P<bracket>[()\[\]])
    |(?P<math>\$(?P<inner_math>[^$]*)\$|\\[A-Za-z]+(?:\{[^{}]*\})*)
    |\{(?P<group>[^{}]*)\}
    """,
    re.VERBOSE,
)
INDEX = re.compile(r"(?P<number>\d+)")
SIGNS = {
    "+": "+",
    "-": "-",
    "=": "=",
    **dict.fromkeys(("v", "(v)"), r"\downarrow "),
    **dict.fromkeys(("^", "(^)"), r"\uparrow "),
}
WORDS = re.compile(r"(?:\$[^$]*\$|\{[^{}]*\}|[^\s{}$])+")

# Names of units: https://ctan.org/pkg/siunitx, "The standard units".
UNITS = {
    **{"metre": "m", "meter": "m", "second": "s", "gram": "g", "kilogram": "kg", "ampere": "A", "kelvin": "K"},
    **{"mole": "mol", "candela": "cd", "hertz": "Hz", "newton": "N", "pascal": "Pa", "joule": "J", "watt": "W"},
    **{"coulomb": "C", "volt": "V", "farad": "F", "ohm": r"\Omega ", "siemens": "S", "weber": "Wb", "tesla": "T"},
    **{"henry": "H", "lumen": "lm", "lux": "lx", "becquerel": "Bq", "gray": "Gy", "sievert": "Sv", "litre": "L"},
    **{"liter": "L", "minute": "min", "hour": "h", "day": "d", "tonne": "t", "electronvolt": "eV", "bar": "bar"},
    **{"degreeCelsius": r"{}^{\circ}C", "celsius": r"{}^{\circ}C", "degree": r"{}^{\circ}", "percent": r"\%"},
    **{"kilo": "k", "mega": "M", "giga": "G", "tera": "T", "milli": "m", "micro": r"\mu ", "nano": "n", "pico": "p"},
    **{"centi": "c", "deci": "d", "hecto": "h", "angstrom": "Å", "bit": "bit", "byte": "B", "radian": "rad"},
    **{"km": "km", "cm": "cm", "mm": "mm", "kg": "kg", "degC": r"{}^{\circ}C", "Omega": r"\Omega ", "mu": r"\mu "},
}
# After these a unit follows without a gap.
SEPARATORS = frozenset({"k", "M", "G", "T", "m", r"\mu ", "n", "p", "c", "d", "h", "/", r"\,", "("})
POWERS = {"squared": "2", "cubed": "3"}
POWERS_BEFORE = re.compile(r"\\(square|cubic)\s*((?:\\[A-Za-z]+\s*?){1,2})(?=\\per|\s|$)")
POWERS_AFTER = re.compile(r"\\(?:tothe|raiseto)\s*\{(-?\d+)\}")
SIGNS_OF_ARROWS = {"→": "->", "⟶": "->", "⇌": "<=>", "↔": "<->", "←": "<-", "⇒": "=>"}
NUMBER = re.compile(
    r"\s*([-+]?\d[\d.,]*)?(\(\d+\)|\s*(?:\\pm|\+-|±)\s*\d[\d.,]*)?(?:\s*(?:[eE]|\\times\s*10\^)\{?([-+]?\d+)\}?)?\s*"
)
UNIT_PIECES = re.compile(
    r"\\(?P<name>[A-Za-z]+)|(?P<power>\^\{?(?P<exponent>-?\d+)\}?)|(?P<unit>(?P<letters>[A-Za-zµμΩÅ%°]+)(?P<bare>-?\d+)?)"
    r"|(?P<gap>[.~\s*·]+)|(?P<slash>/)|(?P<bracket>[()])"
)


def chemistry(source: str) -> str:
    """The argument of \\ce as TeX without it. Raises ValueError for what is not of the usual kind."""
    out, position = list[str](), 0
    source = "".join(SIGNS_OF_ARROWS.get(sign, sign) for sign in source)
    for arrow in ARROW.finditer(source):
        out += _side(source[position : arrow.start()])
        out.append(_arrow(arrow[1], arrow[2], arrow[3]))
        position = arrow.end()
    return "".join([*out, *_side(source[position:])]).strip()


def quantity(source: str) -> str:
    """A number with its unit, "1.5e3 kJ/mol", as TeX. Raises ValueError for anything else."""
    found = NUMBER.match(source)
    end = found.end() if found else 0
    value = number(source[:end])
    unit = units(source[end:])
    return rf"{value}\,{unit}" if value and unit else value or unit


def number(source: str) -> str:
    """A number, "1.5e3", as TeX. Raises ValueError for anything else."""
    found = NUMBER.fullmatch(source)
    if found is None:
        raise ValueError(source)
    value, exponent = (found[1] or "").replace(",", "{,}"), found[3]
    if spread := (found[2] or "").strip().replace("+-", "\\pm ").replace("±", "\\pm ").replace(",", "{,}"):
        value = f"({value}{spread})" if "pm" in spread else value + spread
    if not exponent:
        return value
    return rf"{value}\times 10^{{{exponent}}}" if value else f"10^{{{exponent}}}"


def units(source: str) -> str:
    """Units, by their signs ("m/s^2") or names ("\\meter\\per\\second\\squared"), as TeX. Raises ValueError."""
    out, position = list[str](), 0
    source = POWERS_AFTER.sub(r"^{\1}", source.strip())
    source = POWERS_BEFORE.sub(lambda found: found[2] + {"square": r"\squared", "cubic": r"\cubed"}[found[1]], source)
    while position < len(source):
        piece = UNIT_PIECES.match(source, position)
        if piece is None:
            raise ValueError(source)
        out.append(_unit(piece, joined=not out or out[-1] in SEPARATORS))
        position = piece.end()
    return rf"\mathrm{{{''.join(out)}}}" if out else ""


def _unit(piece: re.Match[str], joined: bool) -> str:
    """A piece of a unit; `joined` says that it stands first, or after a prefix or a separator."""
    match piece.lastgroup:
        case "name":
            name = piece["name"]
            if name == "per":
                return "/"
            if name in POWERS:
                return f"^{{{POWERS[name]}}}"
            if name not in UNITS:
                raise ValueError(name)
            return ("" if joined else r"\,") + UNITS[name]
        case "power":
            return f"^{{{piece['exponent']}}}"
        case "gap":
            return r"\,"
        case "unit":
            letters = piece["letters"].replace("%", r"\%").replace("°", r"{}^{\circ}")
            return letters + (f"^{{{piece['bare']}}}" if piece["bare"] else "")
    return piece[0]


def _arrow(arrow: str, above: str | None, below: str | None) -> str:
    if not above and not below:
        return f" {NAKED[arrow]} "
    over, under = chemistry(above or ""), chemistry(below or "")
    return rf" \{ARROWS[arrow]}[{under}]{{{over}}} "


def _side(source: str) -> list[str]:
    """One side of an arrow: words, which are signs or compounds."""
    words = WORDS.findall(source)
    if "".join("".join(words).split()) != "".join(source.split()):
        raise ValueError(source)
    return [SIGNS[word] if word in SIGNS else _compound(word) for word in words]


def _compound(word: str) -> str:
    out, position, atoms = list[str](), 0, False
    while position < len(word):
        # After an element 4.5 is not four and a half: the dot joins two molecules.
        piece = (atoms and INDEX.match(word, position)) or PIECES.match(word, position)
        if piece is None:
            raise ValueError(word)
        if not out and piece.lastgroup in ("power", "index"):
            out.append("{}")
        out.append(_piece(piece, atoms))
        atoms = piece[0][-1].isalpha() or piece[0][-1] in ")]}"
        position = piece.end()
    return "".join(out)


def _piece(piece: re.Match[str], atoms: bool) -> str:
    """A piece of a compound; `atoms` says that it follows an element or a group."""
    match piece.lastgroup:
        case "power":
            return f"^{{{_upright(piece['braced_power'] or piece['bare_power'] or '')}}}"
        case "index":
            return f"_{{{_upright(piece['braced_index'] or piece['bare_index'] or '')}}}"
        case "number":
            return f"_{{{piece[0]}}}" if atoms else _molecules(piece[0])
        case "charge":
            return f"^{{{piece[0]}}}"
        case "bond":
            return BONDS[piece[0]]
        case "dot":
            return r"\cdot "
        case "math":
            return piece["inner_math"] or piece[0]
        case "group":
            return _upright(piece["group"])
    return _upright(piece[0])


def _molecules(count: str) -> str:
    above, _, below = count.partition("/")
    return rf"\tfrac{{{above}}}{{{below}}}\," if below else rf"{count}\,"


def _upright(letters: str) -> str:
    return rf"\mathrm{{{letters}}}" if re.search("[A-Za-z]", letters) else letters
