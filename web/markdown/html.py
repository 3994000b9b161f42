"""Blocks of the parsed tree as safe HTML."""

from collections.abc import Sequence
from html import escape

from django.utils.translation import gettext
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from assistant.markdown.links import hidden_host, text_of
from assistant.markdown.parser import Block
from web.markdown.code import show_code
from web.markdown.mathml import show_block, show_inline
from web.markdown.safe import safe

ALIGNMENTS = {"text-align:right": "right", "text-align:center": "center"}
DEEPEST_HEADING = 6


class Renderer(RendererHTML):
    """markdown-it's renderer with HTML of our own: one method for each type of token, called with its place."""

    fence = code_block = show_code
    math_inline = math_inline_double = show_inline
    math_block = show_block

    def table_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        return '<div class="table"><table>\n'

    def table_close(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        return "</table></div>\n"

    def th_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """The alignment as a class, for inline styles are forbidden."""
        token = tokens[index]
        side = ALIGNMENTS.get(str(token.attrs.get("style")))
        return f'<{token.tag} class="{side}">' if side else f"<{token.tag}>"

    td_open = th_open

    def heading_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """The page has its own first heading, so those of an answer start at the second."""
        return f"<{_lowered(tokens[index])}>"

    def heading_close(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        return f"</{_lowered(tokens[index])}>\n"

    def list_item_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        html = self.renderToken(tokens, index, options, env)
        return html.replace("<li", '<li class="task-item"', 1) if tokens[index].meta.get("task") else html

    def picture(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        return escape(tokens[index].content or gettext("Picture"))

    def link_close(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """After a link whose words do not say where it leads: the host."""
        start = max(place for place in range(index) if tokens[place].type == "link_open")
        found = hidden_host(text_of(tokens[start:index]), str(tokens[start].attrs["href"]))
        return f'</a> <span class="link-host">{escape(found)}</span>' if found else "</a>"


def block_html(block: Block) -> str:
    """The block as safe HTML."""
    return safe(_renderer.render(block.tokens, _options, {}))


def _lowered(heading: Token) -> str:
    return f"h{min(int(heading.tag[1]) + 1, DEEPEST_HEADING)}"


_options = MarkdownIt("commonmark").options
_renderer = Renderer()
