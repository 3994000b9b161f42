"""Why something cannot be calculated."""


class CalculationError(Exception):
    """The text says why, in words that a model can act on or quote."""
