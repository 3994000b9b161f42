"""TeX as models write it, rewritten into what math-core knows: https://github.com/tmke8/math-core."""

import re
from collections.abc import Callable

from web.markdown.chemistry import chemistry, number, quantity, units

# Commands that are others, or an arrangement of others. What only sets sizes or spaces is left out: no word is lost.
NAMES = ["sech", "csch", "arccot", "arcsec", "arccsc", "arsinh", "arcosh", "artanh"]
NAMES += ["sgn", "Tr", "tr", "rank", "diag", "Var", "Cov"]
SIZES = ["tiny", "scriptsize", "footnotesize", "small", "normalsize", "large", "Large", "LARGE", "huge", "Huge"]
MACROS = {
    **{name: rf"\operatorname{{{name}}}" for name in NAMES},
    **dict.fromkeys([*SIZES, "strut", "mathstrut", "centering", "allowbreak", "nobreak", "displaylimits"], ""),
    **dict.fromkeys(["smash", "mathrlap", "mathllap", "mathclap", "rlap", "llap", "clap", "ensuremath"], "#1"),
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
    "dv": r"\frac{\mathrm{d}#1}{\mathrm{d}#2}",
    "pdv": r"\frac{\partial #1}{\partial #2}",
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
}
COUNTED = frozenset({"alignat", "alignat*", "alignedat"})
COLUMNS = {"eqnarray": "{rcl}", "eqnarray*": "{rcl}"}
TEXTS = frozenset({"text", "textrm", "textsf", "texttt", "textbf", "textit", "textup", "textnormal", "mbox", "fbox"})
AS_TEXT = {"mbox": "text", "textup": "text", "textnormal": "text"}

ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{([a-zA-Z]+\*?)\}(?:\s*\[[a-z]\])?")
COMMAND = re.compile(
    r"\\(label|ref|eqref|tag\*?|notag|nonumber|require|intertext|shortintertext|verb|ce|pu|SI|qty|si|unit|num|ang|colorbox"
    r"|text|textrm|textsf|texttt|textbf|textit|textup|textnormal|mbox|fbox)(?![a-zA-Z])\s*"
)
LINES = re.compile(r"(?:\\hline\s*){2,}")
MATH_IN_TEXT = re.compile(r"(?<!\\)\$([^$]*)(?<!\\)\$|\\\((.*?)\\\)")
BARE_IN_TEXT = re.compile(r"(?<!\\)([_&#%^])")


def rewritten(tex: str, *, block: bool) -> str:
    """`tex` in the commands that math-core knows; `block` says that it stands on lines of its own.

    Raises ValueError where an argument is missing or of no known kind.
    """
    tags = list[str]()
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
    first, position = argument(tex, position)
    if name in ("SI", "qty"):
        second, position = argument(tex, position)
        return rf"{{{number(first)}\,{units(second)}}}", position
    if name == "colorbox":
        second, position = argument(tex, position)
        return rf"\fbox{{{_text('text', second)}}}", position
    if name.startswith("tag"):
        tags.append(first)
        return "", position
    if name in TEXTS:
        return _text(AS_TEXT.get(name, name), first), position
    return _ONE_ARGUMENT[name](first), position


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
    "ref": lambda source: _plain_text("text", source),
    "eqref": lambda source: f"({_plain_text('text', source)})",
    "intertext": lambda source: rf"\\ {_text('text', source)} \\",
    "shortintertext": lambda source: rf"\\ {_text('text', source)} \\",
}
