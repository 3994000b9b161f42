"""The dialect: CommonMark with tables, strikethrough, tasks, formulas, footnotes, alerts; no reference links.

CommonMark: https://spec.commonmark.org/0.31.2/. Tables, strikethrough and tasks: https://github.github.com/gfm/.
Where models write what neither has, the files beside this one say why it is read as it is; the whole stands in
docs/markdown.md.
"""

from collections.abc import Container
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from assistant.markdown.citations import use_citations
from assistant.markdown.elements import use_elements
from assistant.markdown.emphasis import use_emphasis
from assistant.markdown.formulas import use_formulas
from assistant.markdown.lines import use_lines
from assistant.markdown.links import use_links
from assistant.markdown.notes import use_notes
from assistant.markdown.tables import use_tables
from assistant.markdown.unfinished import use_closing

# Bounds the time for hostile text; deeper blocks are shown as plain text.
NESTING = 20
TASKS = {"[ ] ": "\u2610", "[x] ": "\u2611", "[X] ": "\u2611"}


@dataclass(frozen=True, slots=True)
class Block:
    """One top-level block: its tokens, and the lines it takes in the source (`last` is the one after its end)."""

    tokens: list[Token]
    first: int
    last: int

    @property
    def kind(self) -> str:
        return self.tokens[0].type

    @property
    def too_deep(self) -> bool:
        """Whether it nests so deep that the parser may have dropped something."""
        return max(token.level for token in self.tokens) >= NESTING - 2

    @property
    def ends_in_text(self) -> bool:
        """Whether its last token is plain text, not repaired and not within other marks."""
        tokens = self.tokens
        last = next((token for token in reversed(tokens) if token.nesting >= 0), None)
        if last is None or not last.children or last.meta.get("repaired"):
            return False
        return last.children[-1].type == "text" and last.children[-1].level == 0


def parse(text: str, *, close_marks: bool = False, known: Container[str] = (), sources: int = 0) -> list[Block]:
    """The top-level blocks of `text`. `close_marks` closes marks that are open at its end, for a text still growing.

    Inline tokens whose content is in `known` are not parsed: they have no children, and `meta["known"]`.
    `sources` is how many sources the text may cite by their numbers. Raises nothing: every text is Markdown.
    """
    blocks, start = list[Block](), 0
    tokens = _parser.parse(text, {"close_marks": close_marks, "known": known, "sources": sources})
    for position, token in enumerate(tokens, 1):
        if token.level == 0 and token.nesting < 1:
            lines = tokens[start].map or [0, 0]
            blocks.append(Block(tokens[start:position], lines[0], lines[1]))
            start = position
    return blocks


def _inline(state: StateCore) -> None:
    """markdown-it's core rule of that name, without what the caller knows already."""
    known = state.env.get("known", ())
    for token in state.tokens:
        if token.type != "inline":
            continue
        token.children = []
        if token.content in known and not token.meta.get("repaired"):
            token.meta["known"] = True
        else:
            state.md.inline.parse(token.content, state.md, state.env, token.children)


def _tasks(state: StateCore) -> None:
    """A core rule: "[ ] " and "[x] " at the start of a list item become boxes."""
    tokens = state.tokens
    for index in range(2, len(tokens)):
        box = TASKS.get(tokens[index].content[:4]) if tokens[index].type == "inline" else None
        if box and tokens[index - 2].type == "list_item_open":
            tokens[index - 2].meta["task"] = True
            tokens[index].content = f"{box} {tokens[index].content[4:]}"


def _math_fences(state: StateCore) -> None:
    """A core rule: ```math is a formula, as on GitHub."""
    for token in state.tokens:
        if token.type == "fence" and token.info.strip() == "math" and not token.meta.get("open"):
            token.type, token.tag = "math_block", "math"


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": NESTING, "html": False})
    parser.enable(["table", "strikethrough", "linkify"]).disable(["reference", "html_block", "html_inline"])
    use_tables(parser)
    use_lines(parser)
    use_formulas(parser)
    use_elements(parser)
    use_notes(parser)
    use_citations(parser)
    use_emphasis(parser)
    use_closing(parser)
    use_links(parser)
    parser.core.ruler.at("inline", _inline)
    parser.core.ruler.after("block", "tasks", _tasks)
    parser.core.ruler.after("block", "math_fences", _math_fences)
    return parser


_parser = _make_parser()
