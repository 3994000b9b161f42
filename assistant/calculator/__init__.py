"""What can be calculated without a doubt: numbers, units, dates and times. Texts in, texts out; nothing is evaluated as
code, and everything is bounded in time and size."""
