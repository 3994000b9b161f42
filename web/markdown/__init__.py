"""HTML from the parsed tree of assistant/markdown, safe to show."""
