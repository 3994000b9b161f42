"""TeX as models write it, rewritten into what math-core knows: https://github.com/tmke8/math-core."""

import re
from collections.abc import Callable
from unicodedata import normalize

from assistant.markdown.chemistry import chemistry, number, quantity, units

# Commands that are others, or an arrangement of others. What only sets sizes or spaces is left out: no word is lost.
NAMES = ["sech", "csch", "arccot", "arcsec", "arccsc", "arsinh", "arcosh", "artanh"]
NAMES += ["sgn", "Tr", "tr", "rank", "diag", "Var", "Cov", "softmax", "sigmoid", "ReLU", "sinc", "erf", "erfc", "lcm"]
NAMES += ["sign", "supp", "Span", "vol", "adj", "id", "Hom", "End", "Aut", "Gal", "Ker", "Res", "card", "conv", "dist"]
NAMES += ["tg", "ctg", "cotg", "arctg", "arcctg", "cosec", "sh", "ch", "th", "cth", "curl", "rot", "grad", "std", "cov"]
SIZES = ["tiny", "scriptsize", "footnotesize", "small", "normalsize", "large", "Large", "LARGE", "huge", "Huge"]
MACROS = {
    **{name: rf"\operatorname{{{name}}}" for name in NAMES},
    **dict.fromkeys(
        [*SIZES, "noindent", "strut", "mathstrut", "centering", "allowbreak", "nobreak", "displaylimits"], ""
    ),
    **dict.fromkeys(
        ["smash", "mathrlap", "mathllap", "mathclap", "rlap", "llap", "clap", "ensuremath", "mathnormal"], "#1"
    ),
    **dict.fromkeys(["mathds", "mathbbm"], r"\mathbb{#1}"),
    **{f"up{name}": rf"\mathrm{{\{name}}}" for name in ("alpha", "beta", "gamma", "delta", "mu", "pi", "sigma", "tau")},
    **{name: rf"\mathbb{{{name}}}" for name in "RNZQC"},
    "E": r"\mathbb{E}",
    "mathup": r"\mathrm{#1}",
    "widebar": r"\overline{#1}",
    "cancelto": r"\cancel{#2}^{#1}",
    "overunderset": r"\overset{#1}{\underset{#2}{#3}}",
    "textsubscript": r"{}_{\text{#1}}",
    "textsuperscript": r"{}^{\text{#1}}",
    "hfill": r"\quad ",
    "qed": r"\square",
    "textdegree": r"\degree",
    **dict.fromkeys(["celsius", "degreeCelsius"], r"\text{°C}"),
    "angstrom": r"\text{Å}",
    "pounds": r"\text{£}",
    "cent": r"\text{¢}",
    "textregistered": r"\text{®}",
    "texttrademark": r"\text{™}",
    "textbackslash": r"\backslash",
    "cmark": r"\checkmark",
    "mathellipsis": r"\ldots",
    "expval": r"\langle #1\rangle",
    "ev": r"\langle #1\rangle",
    "vb": r"\mathbf{#1}",
    "va": r"\vec{\mathbf{#1}}",
    "vu": r"\hat{\mathbf{#1}}",
    "comm": r"\left[#1,#2\right]",
    "eval": r"\left.#1\right|",
    "ketbra": r"|#1\rangle\langle #2|",
    "innerproduct": r"\langle #1,#2\rangle",
    "mel": r"\langle #1|#2|#3\rangle",
    **dict.fromkeys(["dotsc", "dotso", "hdots", "textellipsis"], r"\ldots"),
    **dict.fromkeys(["dotsb", "dotsm", "dotsi"], r"\cdots"),
    **dict.fromkeys(["overarc", "wideparen"], r"\overparen{#1}"),
    "LaTeX": r"\mathrm{LaTeX}",
    "TeX": r"\mathrm{TeX}",
    "hbox": r"\text{#1}",
    "substack": r"\begin{subarray}{c}#1\end{subarray}",
    "pmb": r"\boldsymbol{#1}",
    "mathbfit": r"\boldsymbol{#1}",
    "mathbold": r"\boldsymbol{#1}",
    "euro": r"\text{€}",
    "texteuro": r"\text{€}",
    "yen": r"\text{¥}",
    "AA": r"\text{Å}",
    "centerdot": r"\cdot",
    "nicefrac": r"{}^{#1}\!/_{#2}",
    "sfrac": r"{}^{#1}\!/_{#2}",
    "abs": r"\left|#1\right|",
    "norm": r"\left\|#1\right\|",
    "set": r"\left\{#1\right\}",
    "dd": r"\mathrm{d}#1",
    "varlimsup": r"\overline{\lim}",
    "varliminf": r"\underline{\lim}",
    "argmax": r"\operatorname*{arg\,max}",
    "argmin": r"\operatorname*{arg\,min}",
    "male": r"\text{♂}",
    "female": r"\text{♀}",
}
# Environments that are another, without the numbers that a paper would give to its lines: here nothing refers to them.
ENVIRONMENTS = {
    **dict.fromkeys(["align", "align*", "split", "alignat", "alignat*", "alignedat", "flalign", "flalign*"], "aligned"),
    **dict.fromkeys(["gather", "gather*", "multline", "multline*"], "gathered"),
    **dict.fromkeys(["tabular", "eqnarray", "eqnarray*"], "array"),
    **dict.fromkeys(["equation", "equation*", "math", "displaymath"], ""),
    "smallmatrix": "matrix",
    **dict.fromkeys(["subequations", "center"], ""),
}
TAG = re.compile(r"\\tag\*?\s*\{([^{}]*)\}")
COUNTED = frozenset({"alignat", "alignat*", "alignedat"})
COLUMNS = {"eqnarray": "{rcl}", "eqnarray*": "{rcl}"}
TEXTS = frozenset({"text", "textrm", "textsf", "texttt", "textbf", "textit", "textup", "textnormal", "mbox", "fbox"})
DERIVATIVES = {"dv": r"\mathrm{d}", "derivative": r"\mathrm{d}", "pdv": r"\partial", "pderivative": r"\partial"}
PLAIN = {"displaylines": "gathered", "eqalign": "aligned", "matrix": "matrix", "pmatrix": "pmatrix", "cases": "cases"}
OPTIONAL = frozenset({*DERIVATIVES, "bbox", "color", "textcolor", "SIrange", "qtyrange"})
AS_TEXT = {"mbox": "text", "textup": "text", "textnormal": "text"}

ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{([a-zA-Z]+\*?)\}(?:\s*\[[a-z]\])?")
COMMAND = re.compile(
    r"\\(label|ref|eqref|tag\*?|notag|nonumber|require|intertext|shortintertext|verb|ce|pu|SI|qty|si|unit|num|ang|colorbox"
    r"|fcolorbox|bbox|cssId|class|style|unicode|dv|pdv|derivative|pderivative|braket|SIrange|qtyrange|multicolumn"
    r"|displaylines|eqalign|p?matrix(?=\s*\{)|cases(?=\s*\{)|(?:text)?color(?=\s*[\[{])"
    r"|text|textrm|textsf|texttt|textbf|textit|textup|textnormal|mbox|fbox)(?![a-zA-Z])\s*"
)
LINES = re.compile(r"(?:\\hline\s*){2,}")
# What papers write and formulas do not need: lengths after a line, rules of tables, columns' gaps, \\cr for a new line.
PAPER = (
    (re.compile(r"(?<!\\)((?:\\\\)+)\s?\[-?[\d.]+\s*(?:ex|em|pt|px|mm|cm|in|mu)\]"), r"\1"),
    (re.compile(r"\\(?:top|mid|bottom)rule(?![a-zA-Z])|\\cline\s*\{[^{}]*\}"), r"\\hline "),
    (re.compile(r"\\cr(?![a-zA-Z])"), r"\\\\"),
    (re.compile(r"[@!><]\{(?:[^{}]|\{[^{}]*\})*\}(?=[^{}\\]*\})"), ""),
    (re.compile(r"(?<=[\d}])(\s?)%"), r"\1\\%"),
    (re.compile(r"√\s*(?:([\d.]+|[^\W\d_]|\\[A-Za-z]+)|(?=\{))"), r"\\sqrt{\1}"),
    (re.compile(r"\\sqrt\{\}(?=\{)"), r"\\sqrt"),
)
COLOUR = re.compile(r"[a-zA-Z]+|#[0-9A-Fa-f]{6}")
KNOWN_COLOURS = re.compile(
    r"red|blue|green|orange|purple|teal|gray|black|white|cyan|magenta|yellow|brown|violet|pink|olive|lime"
)
MATH_IN_TEXT = re.compile(r"(?<!\\)\$([^$]*)(?<!\\)\$|\\\((.*?)\\\)")
BARE_IN_TEXT = re.compile(r"(?<!\\)([_&#%^$])")
ACCENTS = {"'": "\u0301", "`": "\u0300", "^": "\u0302", '"': "\u0308", "~": "\u0303", "=": "\u0304", ".": "\u0307"}
ACCENT = re.compile(r"\\(['`^\"~=.])\{?([A-Za-z])(?:(?<=\{[A-Za-z])\})?")


def rewritten(tex: str, *, block: bool) -> str:
    """`tex` in the commands that math-core knows; `block` says that it stands on lines of its own.

    Raises ValueError where an argument is missing or of no known kind.
    """
    tags = list[str]()
    for pattern, new in PAPER:
        tex = pattern.sub(new, tex)
    if len(TAG.findall(tex)) > 1:
        tex = TAG.sub(r"\\qquad\\text{(\1)}", tex)
    body = LINES.sub(r"\\hline ", _environments(_commands(tex, tags))).strip()
    if not tags:
        return body
    shown = r"\quad ".join(tags)
    return rf"\begin{{equation}}{body}\tag{{{shown}}}\end{{equation}}" if block else rf"{body}\quad({shown})"


def argument(tex: str, position: int) -> tuple[str, int]:
    """The argument at `position`, {..} or one sign, and the position after it. Raises ValueError without one."""
    while position < len(tex) and tex[position].isspace():
        position += 1
    if position >= len(tex):
        raise ValueError(tex)
    if tex[position] != "{":
        return tex[position], position + 1
    depth = 0
    for end in range(position, len(tex)):
        if tex[end] in "{}" and (end == 0 or tex[end - 1] != "\\" or tex[end - 2 : end] == "\\\\"):
            depth += 1 if tex[end] == "{" else -1
            if depth == 0:
                return tex[position + 1 : end], end + 1
    raise ValueError(tex)


def _environments(tex: str) -> str:
    out, position = list[str](), 0
    for found in ENVIRONMENT.finditer(tex):
        if found.start() < position:
            continue
        name = found[2]
        out.append(tex[position : found.start()])
        position = found.end()
        new = ENVIRONMENTS.get(name, name.removesuffix("*") if name.endswith("matrix*") else name)
        if found[1] == "begin" and name in COUNTED:
            _, position = argument(tex, position)
        if new:
            out.append(rf"\{found[1]}{{{new}}}" + (COLUMNS.get(name, "") if found[1] == "begin" else ""))
    return "".join(out) + tex[position:]


def _commands(tex: str, tags: list[str]) -> str:
    out, position = list[str](), 0
    while found := COMMAND.search(tex, position):
        out.append(tex[position : found.start()])
        new, position = _command(found[1], tex, found.end(), tags)
        out.append(new)
    return "".join(out) + tex[position:]


def _command(name: str, tex: str, position: int, tags: list[str]) -> tuple[str, int]:
    """What stands for the command `name` whose arguments begin at `position`, and the position after them."""
    if name in ("notag", "nonumber"):
        return "", position
    if name == "verb":
        end = tex.find(tex[position : position + 1], position + 1)
        if end < 0:
            raise ValueError(tex)
        return rf"\texttt{{{_escaped(tex[position + 1 : end])}}}", end + 1
    if tex[position : position + 1] == "[" and name in ("SI", "qty", "si", "unit", "num", "ang"):
        position = tex.find("]", position) + 1
    if name == "qty" and tex[position : position + 1] == "(":
        return "", position
    option = ""
    if tex[position : position + 1] == "[" and name in OPTIONAL:
        option, position = tex[position + 1 : tex.index("]", position)], tex.index("]", position) + 1
    first, position = argument(tex, position)
    if name in DERIVATIVES:
        return _derivative(DERIVATIVES[name], option, first, tex, position)
    if name == "braket":
        return _braket(first, tex, position)
    if name in ("color", "textcolor"):
        return _coloured(name, option, first, tex, position)
    if name in ("SIrange", "qtyrange"):
        second, position = argument(tex, position)
        third, position = argument(tex, position)
        return rf"{{{number(first)}\text{{–}}{number(second)}\,{units(third)}}}", position
    if name == "multicolumn":
        _, position = argument(tex, position)
        third, position = argument(tex, position)
        return _commands(third, tags) + "&" * (int(first) - 1 if first in "23456789" else 0), position
    if name == "fcolorbox":
        _, position = argument(tex, position)
    if name in ("cssId", "class", "style"):
        second, position = argument(tex, position)
        return rf"{{{_commands(second, tags)}}}", position
    if name == "bbox":
        inner = _commands(first, tags)
        return rf"\boxed{{{inner}}}" if "border" in option else f"{{{inner}}}", position
    if name in PLAIN:
        environment = PLAIN[name]
        return rf"\begin{{{environment}}}{_commands(first, tags)}\end{{{environment}}}", position
    if name in ("SI", "qty"):
        second, position = argument(tex, position)
        return rf"{{{number(first)}\,{units(second)}}}", position
    if name in ("colorbox", "fcolorbox"):
        second, position = argument(tex, position)
        return rf"\fbox{{{_text('text', second)}}}", position
    if name.startswith("tag"):
        tags.append(first)
        return "", position
    if name in TEXTS:
        return _text(AS_TEXT.get(name, name), first), position
    return _ONE_ARGUMENT[name](first), position


def _derivative(sign: str, order: str, first: str, tex: str, position: int) -> tuple[str, int]:
    """\\dv{f}{x}, \\dv{x}, \\dv[2]{f}{x}, \\pdv{f}{x}{y}: as a fraction."""
    by = list[str]()
    while tex[position : position + 1] == "{" and len(by) < (2 if "partial" in sign else 1):
        one, position = argument(tex, position)
        by.append(one)
    if not by:
        first, by = "", [first]
    power = f"^{{{order}}}" if order else "^{2}" if len(by) > 1 else ""
    below = "\\,".join(f"{sign} {one}" for one in by) + (f"^{{{order}}}" if order else "")
    return rf"\frac{{{sign}{power} {first}}}{{{below}}}", position


def _braket(first: str, tex: str, position: int) -> tuple[str, int]:
    if tex[position : position + 1] == "{" and "|" not in first:
        second, position = argument(tex, position)
        return rf"\langle {first}|{second}\rangle ", position
    return rf"\left\langle {first}\right\rangle ", position


def _coloured(name: str, model: str, colour: str, tex: str, position: int) -> tuple[str, int]:
    """A colour that is not known by name or as #RRGGBB is left out, its words are not."""
    found = COLOUR.match(colour.strip())
    known = found and not model and (found[0][0] == "#" or KNOWN_COLOURS.fullmatch(found[0]))
    shown = rf"\color{{{found[0]}}}" if known and found else ""
    if name == "color":
        return shown, position
    words, position = argument(tex, position)
    return rf"{{{shown} {_commands(words, [])}}}", position


def _text(command: str, words: str) -> str:
    """\\text with what math-core does not take there: signs without a backslash, formulas."""
    parts, position = list[str](), 0
    for formula in MATH_IN_TEXT.finditer(words):
        parts += [_plain_text(command, words[position : formula.start()]), f"{{{formula[1] or formula[2] or ''}}}"]
        position = formula.end()
    parts.append(_plain_text(command, words[position:]))
    shown = [part for part in parts if part]
    return shown[0] if len(shown) == 1 else "{" + "".join(shown) + "}"


def _plain_text(command: str, words: str) -> str:
    words = ACCENT.sub(lambda found: normalize("NFC", found[2] + ACCENTS[found[1]]), words).replace("\\\\", " ")
    return rf"\{command}{{{BARE_IN_TEXT.sub(_sign, words)}}}" if words else ""


def _sign(found: re.Match[str]) -> str:
    return r"\textasciicircum " if found[1] == "^" else "\\" + found[1]


def _escaped(words: str) -> str:
    return re.sub(r"([_&#%{}$])", r"\\\1", words.replace("\\", r"\backslash "))


_ONE_ARGUMENT: dict[str, Callable[[str], str]] = {
    "ce": lambda source: f"{{{chemistry(source)}}}",
    "pu": lambda source: f"{{{quantity(source)}}}",
    "num": lambda source: f"{{{number(source)}}}",
    "si": lambda source: f"{{{units(source)}}}",
    "unit": lambda source: f"{{{units(source)}}}",
    "ang": lambda source: rf"{{{number(source)}^{{\circ}}}}",
    "label": lambda source: "",
    "require": lambda source: "",
    "unicode": lambda source: rf"\text{{{chr(int(source.removeprefix('x'), 16))}}}",
    "ref": lambda source: _plain_text("text", source),
    "eqref": lambda source: f"({_plain_text('text', source)})",
    "intertext": lambda source: rf"\\ {_text('text', source)} \\",
    "shortintertext": lambda source: rf"\\ {_text('text', source)} \\",
}
