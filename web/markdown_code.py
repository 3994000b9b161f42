"""Blocks of code: a head with the language and a copy button, and Pygments colours as classes."""

from collections.abc import Sequence
from functools import lru_cache
from html import escape

from django.utils.translation import gettext
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

HIGHLIGHT_CHARACTERS = 8_000
LANGUAGE_CHARACTERS = 30
# Lexers are many and some are slow on purpose-made input, so only languages people ask about are coloured.
LANGUAGE_NAMES = (
    "awk bash sh shell zsh console bat powershell ps1 c cpp c++ csharp cs c# css scss less dart diff docker dockerfile"
    " elixir erlang fortran go golang graphql groovy haskell hs html http ini java javascript js jsx json jsonc json5"
    " julia kotlin kt latex tex lua make makefile matlab nginx objective-c ocaml perl php postgresql protobuf python"
    " py python3 py3 pycon r ruby rb rust rs scala sql sqlite swift terraform hcl toml ts tsx typescript vb.net vim"
    " vue xml svg yaml yml zig"
)
LANGUAGES = frozenset(LANGUAGE_NAMES.split())

_formatter = HtmlFormatter(nowrap=True)


def show_code(self: RendererProtocol, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """The renderer's rule for fenced and indented code. A fence still open (`meta["open"]`) stays uncoloured."""
    token = tokens[index]
    words = token.info.split(maxsplit=1)
    language = words[0][:LANGUAGE_CHARACTERS] if words else ""
    colours = None if token.meta.get("open") else coloured(token.content, language.lower())
    head = f'<span class="code-language">{escape(language)}</span>' if language else "<span></span>"
    button = f'<button type="button" class="copy-code" data-copy="">{escape(gettext("Copy"))}</button>'
    body = escape(token.content) if colours is None else colours
    return (
        f'<figure class="code"><figcaption>{head}{button}</figcaption>'
        f'<pre tabindex="0"><code>{body}</code></pre></figure>\n'
    )


@lru_cache(maxsize=64)
def coloured(code: str, language: str) -> str | None:
    """`code` as HTML with a class for each kind of token; None where it is too long or the language not known."""
    if len(code) > HIGHLIGHT_CHARACTERS or language not in LANGUAGES:
        return None
    return highlight(code, get_lexer_by_name(language, stripnl=False), _formatter)
