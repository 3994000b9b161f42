"""Runs: the numbered event log of each answer, its followers, its heartbeat, its rows."""
