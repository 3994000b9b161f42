"""Markdown as one parsed tree of tokens, which pages render as HTML and messengers in their own dialects."""
