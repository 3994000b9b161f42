"""Marks by which other programs weigh the words of a prompt: taken away, as a text encoder would read them as text."""

import re

# `(words:1.2)` and `[words:0.8]`, of letters, so that neither a time nor a ratio is one. Nothing inside repeats a mark.
WEIGHED = re.compile(r"[(\[]([^()\[\]:]*[^\W\d_][^()\[\]:]*):\s*[+-]?\d{0,2}(?:\.\d{1,3})?\s*[)\]]")
# `((words))` and `[[words]]`.
DOUBLED = re.compile(r"\(\(([^()]*)\)\)|\[\[([^\[\]]*)\]\]")
# `<lora:name:0.8>` names a file.
FILES = re.compile(r"<(?:lora|lyco|hypernet|embedding)s?:[^<>]{0,200}>", re.IGNORECASE)
# Marks within marks: each pass takes away the innermost.
PASSES = 4


def unweighted(prompt: str) -> str:
    """`prompt` without marks of weights; others, such as words in brackets, stay as they are."""
    plain = FILES.sub("", prompt)
    for _ in range(PASSES):
        before, plain = plain, DOUBLED.sub(lambda found: found[1] or found[2] or "", WEIGHED.sub(r"\1", plain))
        if plain == before:
            break
    return prompt if plain == prompt else " ".join(plain.split())
