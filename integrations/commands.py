"""Messages that are commands of an app: what they are called, and what follows the name."""

from typing import NamedTuple

from integrations import wording

# The assistant has commands of its own, which begin in the same way.
NAME_CHARACTERS = 40


class Command(NamedTuple):
    """`name` as the code uses it, and the words after it."""

    name: str
    argument: str = ""


def command_of(text: str) -> Command | None:
    """The command in a message, in English or the language of now; None where it is none of ours.

    `/forget` with words forgets one thing that was remembered: that is the assistant's, as on the page.
    """
    text = text.strip()
    if whole := wording.plain_words().get(text.casefold().rstrip(".!")):
        return Command(whole)
    if not text.startswith("/"):
        return None
    first, _space, argument = text[1:].partition(" ")
    name = wording.command_words().get(first[:NAME_CHARACTERS].casefold().split("@")[0])
    if name is None or (name == "forget" and argument.strip()):
        return None
    return Command(name, argument.strip())
