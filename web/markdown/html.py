"""Blocks of the parsed tree as safe HTML.

The page gives each block its direction by its own first letters (dir=auto), and css/prose.css each line of text within;
cells have their own. A line break of the source is one on the page: people and models write addresses, poems and lists
so in a chat.
"""

import unicodedata
from collections.abc import Sequence
from html import escape

from django.utils.translation import gettext
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from assistant.code.issues import Marks
from assistant.markdown.links import hidden_host, text_of
from assistant.markdown.notes import alert_name
from assistant.markdown.parser import Block
from web.markdown.code import show_code
from web.markdown.departure import departure
from web.markdown.mathml import show_block, show_inline
from web.markdown.outward import asks_first
from web.markdown.safe import safe

ALIGNMENTS = {"text-align:right": "right", "text-align:center": "center"}
DEEPEST_HEADING = 6
RIGHT_TO_LEFT = frozenset({"R", "AL"})


class Renderer(RendererHTML):
    """markdown-it's renderer with HTML of our own: one method for each type of token, called with its place.

    `env["inlines"]` keeps the HTML of inline tokens by their content, for texts that are rendered again and again.
    """

    def render(self, tokens: Sequence[Token], options: OptionsDict, env: EnvType) -> str:
        """The HTML of a block."""
        parts = list[str]()
        for index, token in enumerate(tokens):
            if token.type == "inline":
                parts.append(self._inline(token, options, env))
            elif token.type in self.rules:
                parts.append(self.rules[token.type](tokens, index, options, env))
            else:
                parts.append(self.renderToken(tokens, index, options, env))
        return "".join(parts)

    def _inline(self, token: Token, options: OptionsDict, env: EnvType) -> str:
        inlines: dict[str, str] = env["inlines"]
        if token.meta.get("known"):
            return inlines[token.content]
        html = self.renderInline(token.children or [], options, env)
        if not token.meta.get("repaired"):
            inlines[token.content] = html
        return html

    fence = code_block = show_code
    math_inline = math_inline_double = show_inline
    math_block = show_block

    def footnote_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        return '<div class="footnote">\n'

    def footnote_text_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """The text of a footnote starts with its label."""
        kind = ' class="footnote"' if tokens[index].meta["alone"] else ""
        return f"<p{kind}><sup>{escape(tokens[index].meta['footnote'])}</sup> "

    def blockquote_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """An alert is a quote with a name."""
        alert = tokens[index].meta.get("alert")
        if not alert:
            return "<blockquote>\n"
        name = escape(alert_name(alert))
        return f'<blockquote class="alert alert-{alert}">\n<p class="alert-name">{name}</p>\n'

    def details_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        return "<details open>" if tokens[index].meta.get("unfolded") else "<details>"

    def summary_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        return f"<summary>{'' if tokens[index + 1].content else escape(gettext('Details'))}"

    def footnote(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        return f"<sup>{escape(tokens[index].content)}</sup>"

    def table_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """Its columns run as its first letters do. It can be scrolled by keyboard."""
        side = ' dir="rtl"' if _is_right_to_left(tokens, index) else ""
        return f'<div class="table" tabindex="0"><table{side}>\n'

    def table_close(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        return "</table></div>\n"

    def th_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """The alignment as a class, for inline styles are forbidden."""
        token = tokens[index]
        side = ALIGNMENTS.get(str(token.attrs.get("style")))
        return f'<{token.tag} class="{side}" dir="auto">' if side else f'<{token.tag} dir="auto">'

    td_open = th_open

    def heading_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """The page has its own first heading, so those of an answer start at the second."""
        return f"<{_lowered(tokens[index])}>"

    def heading_close(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        return f"</{_lowered(tokens[index])}>\n"

    def list_item_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        html = self.renderToken(tokens, index, options, env)
        return html.replace("<li", '<li class="task-item"', 1) if tokens[index].meta.get("task") else html

    def citation(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """The number of a source, which leads there."""
        number = tokens[index].content
        return f'<a class="cite" href="{escape(env["sources"][int(number) - 1])}">{number}</a>'

    def picture(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        return escape(tokens[index].content or gettext("Picture"))

    def link_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """A link that may deceive or carry words away asks first; `data-to` is where it leads, for copies and paper."""
        address = str(tokens[index].attrs["href"])
        end = next(place for place in range(index, len(tokens)) if tokens[place].type == "link_close")
        words = "".join(token.content for token in tokens[index:end])
        if not asks_first(words, address, env["sources"]):
            return self.renderToken(tokens, index, options, env)
        return f'<a href="{escape(departure(address))}" data-to="{escape(address)}">'

    def link_close(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """After a link whose words do not say where it leads: the host."""
        start = max(place for place in range(index) if tokens[place].type == "link_open")
        found = hidden_host(text_of(tokens[start:index]), str(tokens[start].attrs["href"]))
        return f'</a> <span class="link-host">{escape(found)}</span>' if found else "</a>"


def block_html(block: Block, inlines: dict[str, str], sources: Sequence[str], marks: Marks) -> str:
    """The block as safe HTML. `inlines` has the HTML of what was not parsed again, and gets that of what was.

    `sources` are the addresses of what the text cites by number, `marks` are the issues of its code.
    """
    return safe(_renderer.render(block.tokens, _options, {"inlines": inlines, "sources": sources, "marks": marks}))


def _is_right_to_left(tokens: Sequence[Token], table: int) -> bool:
    """Whether the first letter in the head of a table is of a script that runs to the left."""
    for token in tokens[table:]:
        if token.type == "thead_close":
            return False
        for letter in token.content if token.type == "inline" else "":
            kind = unicodedata.bidirectional(letter)
            if kind == "L" or kind in RIGHT_TO_LEFT:
                return kind != "L"
    return False


def _lowered(heading: Token) -> str:
    return f"h{min(int(heading.tag[1]) + 1, DEEPEST_HEADING)}"


_options = MarkdownIt("commonmark", {"breaks": True}).options
_renderer = Renderer()
