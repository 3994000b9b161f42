"""How much of each prompt the embedded server still knows: python -m benchmarks.context --turns 8 --people 1 2 3

People talk with the real embedded model in turns, with the prompts of the product. llama.cpp says how many of their
tokens it had in its cache. Between the turns a title and suggestions are asked for, as they are after an answer.
"""

# isort: off
from benchmarks.environment import folder
# isort: on

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date

import httpx

from assistant import prompts
from assistant.llama.messages import ChatMessage
from assistant.llama.tokens import Measure, fit
from assistant.tools import offers, toolbox
from benchmarks.table import Figure, report
from tests.servers import Server
from web.local import llama as embedded

TODAY = date(2026, 3, 2)
ANSWER_TOKENS = 32
SECONDS = 300
QUESTIONS = (
    "Tell me something about {} that few people know.",
    "Why is that so?",
    "And what would a child of six like to hear about it?",
    "Give me three words for it.",
    "How would a poet say the same?",
    "Is there anything that people get wrong about it?",
    "What should I read to learn more?",
    "Thank you. What would you ask next, in my place?",
)
SUBJECTS = ("llamas", "the moon", "bread", "glaciers", "violins", "ants")


class Model:
    """The embedded server, asked as the product does, and what it says of its cache."""

    def __init__(self, url: str, key: str, context: int) -> None:
        self._http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=SECONDS)
        self._context = context
        self.estimated = 0

    def ask(self, prompt: Sequence[ChatMessage]) -> tuple[str, int, int]:
        """The answer, the tokens of the prompt, and how many of these were in the cache."""
        sent = fit(prompt, self._context, ANSWER_TOKENS)
        messages = [{"role": message.role, "content": message.whole} for message in sent]
        body = {"messages": messages, "max_tokens": ANSWER_TOKENS, "temperature": 0}
        value = self._http.post("chat/completions", json=body).raise_for_status().json()
        usage = value["usage"]
        return (
            value["choices"][0]["message"]["content"],
            usage["prompt_tokens"],
            usage["prompt_tokens_details"]["cached_tokens"],
        )

    def counted(self, text: str) -> int:
        """The tokens of `text`, by the server."""
        value = self._http.post("../tokenize", json={"content": text, "add_special": False}).raise_for_status().json()
        return len(value["tokens"])


@contextmanager
def model(context: int) -> Iterator[Model]:
    """A fresh embedded server with the demonstration model."""
    chosen = embedded.choose("", folder, lambda *_: None)
    server = embedded.llama(chosen, folder, dict(os.environ), context)
    process = Server(lambda: server.child)
    process.start()
    try:
        yield Model(f"{server.url}/", server.key, context)
    finally:
        process.kill()


def talk(people: int, turns: int, *, background: bool, tools: str = "") -> tuple[float, float]:
    """The share of tokens that were in the cache, of all prompts after each person's first, and the least of one."""
    shares, known, asked = list[float](), 0, 0
    with model(embedded.DEMO_CONTEXT) as server:
        histories: list[list[ChatMessage]] = [[] for _ in range(people)]
        for turn in range(turns):
            for person, history in enumerate(histories):
                history.append(ChatMessage("user", QUESTIONS[turn % len(QUESTIONS)].format(SUBJECTS[person])))
                answer, tokens, cached = server.ask(prompts.conversation("Chaski", history, TODAY, tools=tools))
                if turn:
                    known, asked, shares = known + cached, asked + tokens, [*shares, cached / tokens]
                history.append(ChatMessage("assistant", answer))
                if background:
                    last = history[-2].content, history[-1].content
                    for prompt in ([prompts.title(*last)] if turn == 0 else []) + [prompts.follow_ups(*last)]:
                        server.ask(prompt)
    return known / asked, min(shares)


def counting() -> float:
    """What we count for a prompt by the server's tokenizer ÷ what the server counts for the answer."""
    with model(embedded.DEMO_CONTEXT) as server:
        history = [
            ChatMessage("assistant" if n % 2 else "user", q.format("llamas")) for n, q in enumerate(QUESTIONS[:7])
        ]
        prompt = fit(prompts.conversation("Chaski", history, TODAY), embedded.DEMO_CONTEXT, ANSWER_TOKENS)
        ours = Measure(1.0, {message.whole: server.counted(message.whole) for message in prompt}).total(prompt)
        return ours / server.ask(prompt)[1]


def main() -> None:
    """Measure, print the table, keep it as JSON."""
    parser = argparse.ArgumentParser(description="Measure how much of each prompt the embedded server still knows.")
    parser.add_argument("--turns", type=int, default=8)
    parser.add_argument("--people", type=int, nargs="+", default=[1, 2, 3], help="who talk in turns")
    options = parser.parse_args()
    figures = [Figure("tokens by the tokenizer ÷ as the server counts the prompt", counting())]
    share, least = talk(1, options.turns, background=False)
    figures += [Figure("1 person, nothing else: prompt in the cache", share), Figure("… least of one turn", least)]
    for people in options.people:
        share, least = talk(people, options.turns, background=True)
        name = f"{people} with titles and suggestions: prompt in the cache"
        figures += [Figure(name, share, aim=0.6, more_is_better=True), Figure("… least of one turn", least)]
    share, least = talk(1, options.turns, background=False, tools=offers.text(toolbox.TOOLS))
    figures += [Figure("1 person, tools in words: prompt in the cache", share), Figure("… least of one turn", least)]
    report("context", vars(options), figures)


if __name__ == "__main__":
    main()
