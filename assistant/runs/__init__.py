"""Runs: the numbered event log of each answer, who hears of it, and who keeps it alive."""
