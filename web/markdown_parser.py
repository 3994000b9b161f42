"""The Markdown we understand: CommonMark with tables, strikethrough, tasks and formulas; no HTML, no references."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from web.markdown_code import show_code
from web.markdown_formulas import use_formulas
from web.markdown_links import use_links
from web.markdown_safe import safe
from web.markdown_unfinished import use_mending

NESTING = 20
TASKS = {"[ ] ": "\u2610", "[x] ": "\u2611", "[X] ": "\u2611"}
ALIGNMENTS = {"text-align:right": "right", "text-align:center": "center"}


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
        """Whether it nests so deep that the parser may have left something out."""
        return max(token.level for token in self.tokens) >= NESTING - 2

    @property
    def ends_in_text(self) -> bool:
        """Whether the last thing in it is text that stands for itself, not mended and not within other marks."""
        tokens = self.tokens
        last = next((token for token in reversed(tokens) if token.nesting >= 0), None)
        if last is None or not last.children or last.meta.get("mended"):
            return False
        return last.children[-1].type == "text" and last.children[-1].level == 0

    def html(self) -> str:
        """The block as safe HTML."""
        return safe(_parser.renderer.render(self.tokens, _parser.options, {}))


def parse(text: str, *, mend: bool = False) -> list[Block]:
    """The top-level blocks of `text`. With `mend`, marks left open at its end are closed, for a text still growing."""
    blocks, start = list[Block](), 0
    tokens = _parser.parse(text, {"mend": mend})
    for position, token in enumerate(tokens, 1):
        if token.level == 0 and token.nesting < 1:
            lines = tokens[start].map or [0, 0]
            blocks.append(Block(tokens[start:position], lines[0], lines[1]))
            start = position
    return blocks


def _tasks(state: StateCore) -> None:
    """A core rule: "[ ] " and "[x] " at the start of a list item become boxes."""
    tokens = state.tokens
    for index in range(2, len(tokens)):
        box = TASKS.get(tokens[index].content[:4]) if tokens[index].type == "inline" else None
        if box and tokens[index - 2].type == "list_item_open":
            tokens[index - 2].attrs["class"] = "task-item"
            tokens[index].content = f"{box} {tokens[index].content[4:]}"


def _headings(state: StateCore) -> None:
    """A core rule: the page has its own first heading, so those of an answer start at the second."""
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"


def _alignment(state: StateCore) -> None:
    """A core rule: the alignment of cells as a class, for inline styles are forbidden."""
    for token in state.tokens:
        if token.type in ("th_open", "td_open") and "style" in token.attrs:
            token.attrs = {"class": ALIGNMENTS.get(str(token.attrs["style"]), "")}


def _open_table(self: RendererProtocol, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    return '<div class="table"><table>\n'


def _close_table(
    self: RendererProtocol, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    return "</table></div>\n"


def _show_host(self: RendererProtocol, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    return f' <span class="link-host">{escape(tokens[index].content)}</span>'


def _made() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": NESTING, "html": False})
    parser.enable(["table", "strikethrough", "linkify"]).disable(["reference", "html_block", "html_inline"])
    use_formulas(parser)
    use_mending(parser)
    use_links(parser)
    parser.core.ruler.after("block", "tasks", _tasks)
    parser.core.ruler.after("block", "headings", _headings)
    parser.core.ruler.after("block", "alignment", _alignment)
    parser.add_render_rule("fence", show_code)
    parser.add_render_rule("code_block", show_code)
    parser.add_render_rule("table_open", _open_table)
    parser.add_render_rule("table_close", _close_table)
    parser.add_render_rule("link_host", _show_host)
    return parser


_parser = _made()
