"""Calculate: numbers, units, percentages, dates and times of day, exactly."""

from typing import Annotated

from assistant.calculator.errors import CalculationError
from assistant.calculator.work import work_out
from assistant.tools.schema import Bounds, tool

EXPRESSION_CHARACTERS = 1000


@tool
async def calculate(expression: Annotated[str, Bounds(1, EXPRESSION_CHARACTERS)]) -> str:
    """Calculate exactly: arithmetic, comparisons, percentages, powers, roots, logarithms, units, dates, time zones.

    - expression: one question, such as "17 * 23.5", "9.11 or 9.9", "80 + 15%", "12 is what percent of 80",
      "sqrt(2) * 10^6", "5 ft 11 in in cm", "20 °C in °F", "days between 2024-02-28 and 2024-03-01",
      "2025-01-31 + 1 month", "14:00 in Tokyo in Berlin"
    """
    try:
        return await work_out(expression)
    except CalculationError as error:
        return f"This cannot be calculated: {error}"
