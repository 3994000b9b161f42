"""Pages as sites make them, of any size: navigation, scripts, styles, an article with headings, lists and a table,
comments and links to other articles. A third of the bytes is text that is read.
"""

import random

VOCABULARY = """
river mountain caravan market valley winter council harvest bridge weather village railway museum library festival
minister company teacher engine harbour island season traveller history language forest animal water energy culture
said found built opened reached carried crossed measured planned reported began followed remained covered described
large early quiet northern recent narrow famous heavy public ancient modern careful local distant steady bright
"""
WORDS = VOCABULARY.split()
STYLE = ".card{display:flex;margin:0 auto;padding:1rem 2rem;border:1px solid #ddd;border-radius:4px}"
SCRIPT = "window.dataLayer=window.dataLayer||[];function gtag(){dataLayer.push(arguments)}gtag('js',new Date());"
MENU = "".join(f'<li class="menu-item"><a href="/topic/{word}">{word.title()}</a></li>' for word in WORDS[:24])


def page(size: int, mark: str = "") -> bytes:
    """An HTML page of about `size` bytes, the same for the same arguments; `mark` stands in its title and text."""
    lots = random.Random(f"{size} {mark}")
    head = (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>The {mark} report</title>"
        '<meta property="article:published_time" content="2026-03-01T08:00:00Z"><link rel=icon href=/icon.png>'
        f"<style>{STYLE * 20}</style><script>{SCRIPT * 20}</script></head>"
        f"<body><header><nav><ul>{MENU}</ul></nav></header><main><article><h1>The {mark} report</h1>"
    )
    aside = f"</article><aside><h2>More</h2><ul>{MENU * 3}</ul></aside></main><footer><ul>{MENU}</ul></footer>"
    room = max(0, size - len(head) - len(aside))
    parts, written, number = [], 0, 0
    while written < room:
        part = _section(lots, mark, number)
        parts.append(part)
        written += len(part)
        number += 1
    return f"{head}{''.join(parts)}{aside}</body></html>".encode()


def _section(lots: random.Random, mark: str, number: int) -> str:
    """A heading, paragraphs, and a list, a table or a picture; a block of script or of comments after some."""
    texts = "".join(
        f'<p class="text-body" data-block="{number}-{place}">{_sentences(lots, 4)}</p>' for place in range(3)
    )
    more = (
        "".join(f"<li>{_sentences(lots, 1)}</li>" for _ in range(5)),
        "".join(f"<tr><td>{lots.choice(WORDS)}</td><td>{lots.randint(1, 999)}</td></tr>" for _ in range(8)),
        f'<img src="/i/{number}.jpg" srcset="/i/{number}-2.jpg 2x" alt="{lots.choice(WORDS)}">',
    )[number % 3]
    tag = ("ul", "table", "figure")[number % 3]
    comments = "".join(
        f'<div class="comment"><span class="author">{lots.choice(WORDS)}</span><p>{_sentences(lots, 1)}</p></div>'
        for _ in range(3)
    )
    rest = f'<section class="comments">{comments}</section>' if number % 4 == 3 else f"<script>{SCRIPT * 4}</script>"
    return f"<h2>{lots.choice(WORDS).title()} of {mark}</h2>{texts}<{tag}>{more}</{tag}><!-- ad slot {number} -->{rest}"


def _sentences(lots: random.Random, count: int) -> str:
    """Sentences of eight to twenty words, with a link in some."""
    found = []
    for _ in range(count):
        words = lots.choices(WORDS, k=lots.randint(8, 20))
        if lots.random() < 0.2:
            words[3] = f'<a href="/a/{words[3]}-{lots.randint(1, 9999)}">{words[3]}</a>'
        found.append(" ".join(words).capitalize() + ".")
    return " ".join(found)
