"""Llama Guard: whether a question, or an answer, may stand."""
