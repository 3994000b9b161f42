"""Citations: [1], [1, 2] and [1][2] where the answer rests on sources with these numbers.

Models are asked to write them so, see prompts.py. Some write 【1】 or 【1†source】, as other sites have them do.
Other numbers in brackets stay text: an index, a footnote nobody wrote, a source that does not exist.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline

NUMBER = r"\d{1,2}"
CITATION = re.compile(rf"\[({NUMBER}(?:\s*[,;]\s*{NUMBER}){{0,7}})\](?![(:])")
LENTICULAR = re.compile(rf"【({NUMBER}(?:\s*[,;、]\s*{NUMBER}){{0,7}})(?:†[^】\n]{{0,80}})?】")


def use_citations(parser: MarkdownIt) -> None:
    """Add them to `parser`. `env["sources"]` is how many sources there are; without it nothing is a citation."""
    parser.core.ruler.after("normalize", "lenticular", _lenticular)
    parser.inline.ruler.before("link", "citation", _citation)


def _lenticular(state: StateCore) -> None:
    """A core rule: 【1†source】 becomes [1]."""
    if state.env.get("sources") and "【" in state.src:
        state.src = LENTICULAR.sub(lambda found: f"[{found[1].replace('、', ',')}]", state.src)


def _citation(state: StateInline, silent: bool) -> bool:
    sources: int = state.env.get("sources", 0)
    if not sources or state.src[state.pos] != "[" or state.linkLevel:
        return False
    found = CITATION.match(state.src, state.pos, state.posMax)
    if not found or _is_index(state.src, found):
        return False
    numbers = [int(number) for number in re.findall(NUMBER, found[1])]
    if not all(0 < number <= sources for number in numbers):
        return False
    if not silent:
        # A chip stands at the word that it belongs to.
        state.pending = state.pending.removesuffix(" ")
        for number in numbers:
            state.push("citation", "a", 0).content = str(number)
    state.pos = found.end()
    return True


def _is_index(text: str, found: re.Match[str]) -> bool:
    """Whether it stands within a word, as in code whose marks are missing: rows[1].name, a[1]b."""
    before, after = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 2]
    return (before.isalnum() or before == "_") and bool(re.match(r"\w|\.\w|\(", after))
