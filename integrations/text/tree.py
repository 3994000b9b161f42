"""From the parsed tree of Markdown to lines of runs, as an app can show them."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote

from markdown_it.token import Token

from assistant.markdown.notes import alert_name
from assistant.markdown.parser import Block
from assistant.markdown.parts import cleaned, next_part, without_thoughts
from integrations.text.dialect import Dialect
from integrations.text.formulas import LOWERED, RAISED, WORD, UnreadableError, readable
from integrations.text.lines import LINK, PLAIN, Line, Run, Style, text_of
from integrations.text.tables import Cell, table_lines

# Python's names, which Markdown takes for bold words.
DUNDER = re.compile(
    r"init|main|name|file|doc|dict|all|call|enter|exit|aenter|aexit|new|del|repr|str|bytes|format|hash|bool|len|iter|next"
    r"|aiter|anext|contains|(?:get|set|del)(?:item|attr)|getattribute|missing|slots|class|bases|mro|module|version|path"
    r"|author|future|import|builtins|package|spec|loader|eq|ne|lt|le|gt|ge|add|sub|mul|truediv|floordiv|mod|pow|and|or|xor"
    r"|neg|pos|abs|invert|int|float|complex|index|round|post_init|annotations|qualname|init_subclass|set_name|get|set"
    r"|delete|await|copy|deepcopy|reduce|getstate|setstate|reversed|matmul|iadd|radd"
)
# Tags that break the line, part two cells, or are only left out. A tag of no such name is a word, as in List<String>,
# and so is one without its other half: the <b> tag.
TAG = re.compile(
    r"<(?P<end>/?)(?P<name>(?P<block>p|div|h[1-6]|ul|ol|li|table|tr|thead|tbody|blockquote|pre|section|article|header|footer|center|hr|dl|dt"
    r"|dd|figure)|(?P<cell>td|th)|a|abbr|b|big|button|cite|code|dfn|em|font|i|iframe|img|input|ins|label|mark|q|s|samp|script"
    r"|small|span|strike|strong|style|del|svg|tt|u|var|video|audio|source|picture|figcaption)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
MARK_OF_STYLE = {"strong": Style.BOLD, "em": Style.ITALIC, "s": Style.STRIKE}
# Text in <sub> or <sup> that is longer is small print.
MAX_SCRIPT = 12
UNBROKEN_FORMULA = 40
INDENT = "  "
INNER_QUOTE = "» "


def lines_of(text: str, dialect: Dialect, sources: int, cited: set[int], *, addresses: bool = True) -> Iterator[Line]:
    """The lines of the Markdown in `text`, made as they are asked for. It may cite so many `sources`.

    The numbers that it cites are added to `cited`. Without `addresses` a link is its words.
    """
    text, offset = without_thoughts(cleaned(text)), 0
    while text:
        part = next_part(text, offset, sources, final=True)
        for block in part.blocks:
            yield from _Writer(dialect, cited, addresses).block(block, part.source)
        text, offset = text[part.end :], offset + part.counted
        if part.plain_after:
            yield from plain_lines(text)
            return


def plain_lines(text: str) -> Iterator[Line]:
    """The lines of a text that is no Markdown."""
    gap = True
    for line in text.split("\n"):
        if line.strip():
            yield Line((Run(line.rstrip()),), gap=gap)
        gap = not line.strip()


@dataclass(slots=True)
class _List:
    """A list that is open: its next number if it is counted, its depth, and whether an empty line parts its items."""

    number: int | None
    roomy: bool


class _Writer:
    """Makes the lines of one block."""

    def __init__(self, dialect: Dialect, cited: set[int], addresses: bool) -> None:
        self._dialect = dialect
        self._cited = cited
        self._addresses = addresses
        self._out = list[Line]()
        self._prefixes = list[str]()
        self._lists = list[_List]()
        self._begun = False
        """Whether an item has begun that has no line yet."""
        self._marker = ""
        """What stands before that line: the signs of the items that begin there."""
        self._base = ""
        """The prefix of that line."""
        self._gap = True
        self._quotes = 0

    def block(self, block: Block, source: str) -> list[Line]:
        """The lines of `block`, found in `source`; of its source where it nests too deep."""
        if block.too_deep:
            return list(plain_lines("\n".join(source.split("\n")[block.first : block.last])))
        tokens = block.tokens
        rules: dict[str, Callable[[Sequence[Token], int], None]] = {
            name.removeprefix("_on_"): getattr(self, name) for name in dir(self) if name.startswith("_on_")
        }
        place = 0
        while place < len(tokens):
            if tokens[place].type == "table_open":
                place = self._table(tokens, place)
            elif rule := rules.get(tokens[place].type):
                rule(tokens, place)
            place += 1
        return self._out

    # Blocks

    def _on_heading_open(self, tokens: Sequence[Token], place: int) -> None:
        self._gap = True

    def _on_paragraph_open(self, tokens: Sequence[Token], place: int) -> None:
        self._gap = self._gap or not (tokens[place].hidden or self._begun)

    def _on_inline(self, tokens: Sequence[Token], place: int) -> None:
        lines, kind = self._broken(tokens[place].children or []), tokens[place - 1].type
        if kind in ("heading_open", "summary_open"):
            lines = [[_bold(run) for run in line] for line in lines]
        elif kind == "footnote_text_open":
            label = Run(f"{_label(tokens[place - 1].meta['footnote'])} ")
            lines = [[label, *lines[0]], *lines[1:]] if lines else [[label]]
        lines = [line for line in lines if text_of(line).strip()]
        for number, line in enumerate(lines):
            last = number == len(lines) - 1
            announces = last and text_of(line).rstrip().endswith((":", "："))
            self._emit(line, keep=announces or kind in ("heading_open", "summary_open"))

    def _on_footnote_text_open(self, tokens: Sequence[Token], place: int) -> None:
        self._gap = True

    _on_details_open = _on_summary_open = _on_footnote_open = _on_footnote_text_open

    def _on_hr(self, tokens: Sequence[Token], place: int) -> None:
        self._gap = True

    def _on_fence(self, tokens: Sequence[Token], place: int) -> None:
        self._code(tokens[place].content.removesuffix("\n"))

    _on_code_block = _on_fence

    def _on_math_block(self, tokens: Sequence[Token], place: int) -> None:
        tex = tokens[place].content.strip()
        try:
            lines = readable(tex).split("\n")
        except UnreadableError:
            self._code(tex)
            return
        self._gap = self._gap or not self._begun
        for line in lines:
            self._emit([Run(line)])

    def _code(self, code: str) -> None:
        if not code.strip():
            return
        if self._begun:
            self._emit([])
        for number, line in enumerate(code.expandtabs(4).split("\n")):
            self._out.append(Line((Run(line),), code=True, gap=not number and (self._gap or not self._lists)))
        self._gap = False

    def _on_blockquote_open(self, tokens: Sequence[Token], place: int) -> None:
        self._gap = self._gap or not self._begun
        if self._dialect.quote:
            inner = self._quotes or self._lists
            self._prefixes.append(INNER_QUOTE if inner else self._dialect.quote)
        self._quotes += 1
        if alert := tokens[place].meta.get("alert"):
            self._emit([Run(alert_name(alert), Style.BOLD)], keep=True)
            # The words of an alert stand right under its name.
            self._gap = False
            following = tokens[place + 1]
            if following.type == "paragraph_open":
                following.hidden = True

    def _on_blockquote_close(self, tokens: Sequence[Token], place: int) -> None:
        self._quotes -= 1
        if self._dialect.quote:
            self._prefixes.pop()

    def _on_bullet_list_open(self, tokens: Sequence[Token], place: int) -> None:
        start = tokens[place].attrs.get("start", 1) if tokens[place].type == "ordered_list_open" else None
        self._gap = self._gap or not self._lists
        self._lists.append(_List(int(start) if start is not None else None, _is_roomy(tokens, place)))

    _on_ordered_list_open = _on_bullet_list_open

    def _on_bullet_list_close(self, tokens: Sequence[Token], place: int) -> None:
        self._lists.pop()

    _on_ordered_list_close = _on_bullet_list_close

    def _on_list_item_open(self, tokens: Sequence[Token], place: int) -> None:
        here = self._lists[-1]
        bullets = self._dialect.bullets
        sign = bullets[min(len(self._lists), len(bullets)) - 1]
        if here.number is not None:
            sign = f"{here.number}. "
            here.number += 1
        if not self._begun:
            self._base = "".join(self._prefixes)
        self._begun = True
        self._marker += "" if tokens[place].meta.get("task") else sign
        self._gap = self._gap or here.roomy
        self._prefixes.append(INDENT)

    def _on_list_item_close(self, tokens: Sequence[Token], place: int) -> None:
        self._prefixes.pop()
        self._marker, self._begun, self._gap = "", False, False

    def _table(self, tokens: Sequence[Token], place: int) -> int:
        """The place of the end of the table that opens at `place`."""
        rows = list[list[Cell]]()
        while tokens[place].type != "table_close":
            if tokens[place].type == "tr_open":
                rows.append([])
            elif tokens[place].type == "inline":
                rows[-1].append(_joined(self._broken(tokens[place].children or [])))
            place += 1
        if self._begun:
            self._emit([])
        self._out += table_lines(rows, self._dialect, "".join(self._prefixes))
        self._gap = False
        return place

    def _emit(self, runs: Sequence[Run], *, keep: bool = False) -> None:
        prefix = self._base if self._begun else "".join(self._prefixes)
        self._out.append(Line(runs, prefix, self._marker, gap=self._gap, keep=keep))
        self._marker, self._begun, self._gap = "", False, False

    # Inline

    def _broken(self, tokens: Sequence[Token]) -> list[list[Run]]:
        """Inline `tokens` as the runs of one or more lines."""
        runs = _Inline(self._cited, self._addresses).runs(tokens)
        lines = list[list[Run]]([[]])
        for run in runs:
            first, *others = run.text.split("\n")
            if first:
                lines[-1].append(replace(run, text=first))
            lines += [[replace(run, text=other)] if other else [] for other in others]
        return [_stripped(line) for line in lines]


class _Inline:
    """Makes runs of inline tokens; a line break is a newline within them."""

    def __init__(self, cited: set[int], addresses: bool) -> None:
        self._cited = cited
        self._addresses = addresses
        self._runs = list[Run]()
        self._style = PLAIN
        self._pairs = frozenset[str]()
        self._depths = dict.fromkeys(MARK_OF_STYLE.values(), 0)

    def runs(self, tokens: Sequence[Token]) -> list[Run]:
        self._pairs = _pairs(tokens)
        starts = list[int]()
        for place, token in enumerate(tokens):
            kind, _, side = token.type.rpartition("_")
            if kind in MARK_OF_STYLE and side in ("open", "close"):
                self._switch(MARK_OF_STYLE[kind], 1 if side == "open" else -1)
            elif token.type in ("link_open", "sub_open", "sup_open"):
                starts.append(len(self._runs))
            elif token.type == "link_close":
                self._link(starts.pop(), tokens, place)
            elif token.type in ("sub_close", "sup_close"):
                self._script(starts.pop(), raised=token.type == "sup_close")
            elif _is_dunder(tokens, place):
                self._add(f"__{token.content}__", Style.CODE | Style.WHOLE, plain=True)
            elif token.type != "text" or not _is_line_of_tags(tokens, place):
                self._one(token)
        return self._runs

    def _switch(self, style: Style, step: int) -> None:
        self._depths[style] += step
        self._style = self._style | style if self._depths[style] > 0 else self._style & ~style

    def _add(self, text: str, style: Style = PLAIN, *, plain: bool = False) -> None:
        if text:
            self._runs.append(Run(text, style if plain else self._style | style))

    def _one(self, token: Token) -> None:
        match token.type:
            case "text":
                self._add(TAG.sub(self._without_tag, token.content))
            case "softbreak" | "hardbreak":
                self._add("\n")
            case "code_inline":
                self._add(token.content, Style.CODE | Style.WHOLE)
            case "math_inline" | "math_inline_double":
                self._formula(token.content.strip())
            case "citation":
                self._citation(token.content)
            case "footnote":
                self._add(_label(token.content), Style.WHOLE)
            case _:
                self._add(token.content)

    def _without_tag(self, found: re.Match[str]) -> str:
        if found["name"].lower() not in self._pairs:
            return found[0]
        return "\n" if found["block"] else " " if found["cell"] else ""

    def _citation(self, number: str) -> None:
        """The parser took the blank before it, which some scripts do not write."""
        self._cited.add(int(number))
        before = self._runs[-1].text[-1:] if self._runs else ""
        beside = not before or before.isspace() or before in "([" or ord(before) > 0x2E80
        cites = bool(self._runs) and bool(re.fullmatch(r" ?\[\d+\]", self._runs[-1].text))
        self._add(f"{'' if beside or cites else ' '}[{number}]", Style.WHOLE, plain=True)

    def _formula(self, tex: str) -> None:
        try:
            text = readable(tex)
        except UnreadableError:
            self._add(" ".join(tex.split()), Style.CODE | Style.WHOLE)
            return
        self._add(text, Style.WHOLE if len(text) <= UNBROKEN_FORMULA else PLAIN)

    def _script(self, start: int, *, raised: bool) -> None:
        """What was added since `start`, raised or lowered: x², H₂O."""
        words = text_of(self._runs[start:])
        table = RAISED if raised else LOWERED
        signs = [table.get(sign, "") for sign in words]
        if not words or len(words) > MAX_SCRIPT or any(sign.isspace() for sign in words):
            return
        style = self._runs[start].style
        if all(signs) and (raised or not WORD.search(words)):
            self._runs[start:] = [Run("".join(signs), style)]
        elif words.isalnum():
            self._runs[start:] = [Run(f"{'^' if raised else '_'}{words}", style)]
        else:
            self._runs[start:] = [Run(f"{'^' if raised else '_'}({words})", style)]

    def _link(self, start: int, tokens: Sequence[Token], end: int) -> None:
        """A link as "words (address)", as its address where its words are that, or as its words alone."""
        opening = next(tokens[place] for place in range(end, -1, -1) if tokens[place].type == "link_open")
        address = str(opening.attrs["href"]).removeprefix("mailto:")
        words = text_of(self._runs[start:])
        if not self._addresses:
            self._runs[start:] = self._runs[start:] or [Run(address, LINK)]
        elif _bare(words) in ("", _bare(address)):
            written = words.strip() if opening.info == "auto" and words.strip() and not re.search(r"\s", words) else ""
            self._runs[start:] = [Run(written or address, self._style | LINK)]
        else:
            self._runs += [Run(" ("), Run(address, LINK), Run(")")]


def _is_dunder(tokens: Sequence[Token], place: int) -> bool:
    """Whether the text at `place` is a name such as __init__, which Markdown takes for bold."""
    around = tokens[max(place - 1, 0) : place + 2]
    if len(around) < 3 or (around[0].type, around[2].type) != ("strong_open", "strong_close"):
        return False
    return around[0].markup == "__" and tokens[place].type == "text" and bool(DUNDER.fullmatch(tokens[place].content))


def _is_line_of_tags(tokens: Sequence[Token], place: int) -> bool:
    """Whether the text at `place` is a line of its own, of nothing but tags of HTML."""
    around = [one.type for one in (*tokens[max(place - 1, 0) : place], *tokens[place + 1 : place + 2])]
    found = TAG.sub("", tokens[place].content).strip() == "" != tokens[place].content.strip()
    return found and all(kind in ("softbreak", "hardbreak") for kind in around)


def _pairs(tokens: Sequence[Token]) -> frozenset[str]:
    """The names of tags of HTML that begin and end in the text of `tokens`."""
    found = [one for token in tokens if token.type == "text" for one in TAG.finditer(token.content)]
    return frozenset.intersection(
        *(frozenset(one["name"].lower() for one in found if one["end"] == end) for end in ("", "/"))
    )


def _bold(run: Run) -> Run:
    """A run of a heading: bold once, without code."""
    return replace(run, style=(run.style | Style.BOLD) & ~Style.CODE if not run.style & Style.LINK else run.style)


def _label(label: str) -> str:
    """The label of a footnote: raised if it is a number, as numbers in brackets are sources."""
    return "".join(RAISED[sign] for sign in label) if label.isascii() and label.isdigit() else f"({label})"


def _bare(address: str) -> str:
    without = unquote(address.strip()).lower().removeprefix("https://").removeprefix("http://")
    return without.removeprefix("www.").rstrip("/")


def _stripped(line: list[Run]) -> list[Run]:
    """`line` without blanks at its ends."""
    while line and not line[-1].text.strip():
        line.pop()
    while line and not line[0].text.strip():
        line.pop(0)
    if line:
        line[0] = replace(line[0], text=line[0].text.lstrip())
        line[-1] = replace(line[-1], text=line[-1].text.rstrip())
    return line


def _joined(lines: Iterable[Sequence[Run]]) -> list[Run]:
    """Lines as one."""
    out = list[Run]()
    for line in lines:
        if out and line:
            out.append(Run(" "))
        out += line
    return out


def _is_roomy(tokens: Sequence[Token], place: int) -> bool:
    """Whether the list that opens at `place` has an item of several paragraphs or other blocks, but lists."""
    level, blocks = tokens[place].level, 0
    for token in tokens[place + 1 :]:
        if token.level == level:
            return False
        if token.type == "list_item_open" and token.level == level + 1:
            blocks = 0
        elif token.level == level + 2 and token.nesting >= 0 and not token.type.endswith("_list_open"):
            blocks += 1
            if blocks > 1 and not token.hidden:
                return True
    return False
