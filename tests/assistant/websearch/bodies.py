"""What the engines answer, in the form of each."""

from typing import Any

Json = dict[str, Any]
Pages = list[tuple[str, str, str]]

CONDOR: Pages = [("Condor", "https://condor.example/wings", "Its wings span 3.3 m.")]
LLAMA: Pages = [("Llama", "https://llama.example/wool", "It carries 30 kg.")]


def searxng(pages: Pages, **more: Any) -> Json:
    rows = [{"title": title, "url": url, "content": text, "engine": "x", **more} for title, url, text in pages]
    return {"query": "q", "results": rows, "answers": [], "suggestions": [], "unresponsive_engines": []}


def brave(pages: Pages, **more: Any) -> Json:
    rows = [
        {"title": title, "url": url, "description": text, "type": "search_result", **more} for title, url, text in pages
    ]
    return {"type": "search", "query": {"original": "q"}, "mixed": {"main": []}, "web": {"results": rows}}


def tavily(pages: Pages, **more: Any) -> Json:
    rows = [
        {"title": title, "url": url, "content": text, "score": 0.9, "raw_content": None, **more}
        for title, url, text in pages
    ]
    return {"query": "q", "answer": None, "images": [], "results": rows, "response_time": 1.2}


def wikipedia(*titles: str, snippet: str = 'A <span class="searchmatch">bird</span> &amp; more') -> Json:
    rows = [{"ns": 0, "title": title, "pageid": 1, "snippet": snippet} for title in titles]
    return {"batchcomplete": True, "query": {"searchinfo": {"totalhits": len(rows)}, "search": rows}}
