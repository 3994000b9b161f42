"""Llama Guard: whether a question, or an answer, may stand. Prompt Guard: what of pages and files a model may read."""
