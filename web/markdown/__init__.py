"""Safe HTML from the parsed tree of assistant/markdown."""
