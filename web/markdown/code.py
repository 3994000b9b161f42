"""Blocks of code: a head with the language and a copy button, and Pygments colours as classes."""

import re
from collections.abc import Sequence
from functools import lru_cache
from html import escape

from django.utils.translation import gettext
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from pygments import format
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.token import Name, Operator, Punctuation, Text, Whitespace

from assistant.code.issues import Issue, Marks, block_key, language_of
from assistant.code.sentences import issue_sentence

HIGHLIGHT_CHARACTERS = 6_000
HIGHLIGHT_LINE_CHARACTERS = 200
EMPTY_LINES = re.compile(r"(?:\n[ \t]*){20}")
LANGUAGE_CHARACTERS = 30
# Some of Pygments' lexers take seconds for a few thousand hostile characters: only these are used, on short lines.
# Names and aliases: https://pygments.org/docs/lexers/
LANGUAGE_NAMES = (
    "awk bash sh shell zsh console bat powershell ps1 c cpp c++ csharp cs c# css scss less dart diff docker dockerfile"
    " elixir erlang fortran go golang graphql groovy haskell hs html http ini java javascript js jsx json json5"
    " julia kotlin latex tex lua matlab nginx objective-c ocaml perl php postgresql protobuf python"
    " py python3 py3 pycon r ruby rb rust rs scala sql swift toml ts tsx typescript vb.net vim"
    " vue xml yaml yml zig"
)
LANGUAGES = frozenset(LANGUAGE_NAMES.split())

# Most tokens have no colour of their own, and so need no element.
PLAIN = frozenset({Name, Operator, Punctuation, Whitespace})

_formatter = HtmlFormatter(nowrap=True)


def show_code(self: RendererProtocol, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
    """The renderer's rule for fenced and indented code. A fence still open (`meta["open"]`) stays uncoloured."""
    token = tokens[idx]
    words = token.info.split(maxsplit=1)
    language = words[0][:LANGUAGE_CHARACTERS] if words else ""
    colours = None if token.meta.get("open") else coloured(token.content, language.lower())
    head = f'<span class="code-language">{escape(language)}</span>' if language else "<span></span>"
    name, word = escape(gettext("Copy code")), escape(gettext("Copy"))
    button = f'<button type="button" class="copy-code" data-copy="" aria-label="{name}">{word}</button>'
    body = f'<pre tabindex="0"><code>{escape(token.content) if colours is None else colours}</code></pre>'
    body = marked(body, issues_of(token, env["marks"]))
    return f'<figure class="code"><figcaption>{head}{button}</figcaption>{body}</figure>\n'


def issues_of(token: Token, marks: Marks) -> Sequence[Issue]:
    """What was found in a block of code."""
    language = language_of(token.info) if marks else ""
    return marks.get(block_key(language, token.content), ()) if language else ()


def marked(code: str, issues: Sequence[Issue]) -> str:
    """The HTML of code with its issues below; folded away where it had better not be run."""
    if not issues:
        return code
    lines = "".join(f"<li>{escape(issue_sentence(issue))}</li>" for issue in issues)
    notes = f'<ul class="code-issues">{lines}</ul>'
    if all(issue.severity != "error" for issue in issues):
        return code + notes
    words = escape(gettext("Show it all the same"))
    return f'{notes}<details class="code-folded"><summary>{words}</summary>{code}</details>'


@lru_cache(maxsize=64)
def coloured(code: str, language: str) -> str | None:
    """`code` as HTML with a class for each kind of token; None where it is too long or the language is not listed."""
    if language not in LANGUAGES or len(code) > HIGHLIGHT_CHARACTERS:
        return None
    if max(map(len, code.split("\n"))) > HIGHLIGHT_LINE_CHARACTERS or EMPTY_LINES.search(code):
        return None
    tokens = get_lexer_by_name(language, stripnl=False).get_tokens(code)
    return format(((Text if kind in PLAIN else kind, text) for kind, text in tokens), _formatter)
