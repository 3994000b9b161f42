"""Markdown as one parsed tree of tokens. What shows it, a page or a messenger, renders it in a dialect of its own."""
