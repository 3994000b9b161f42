"""What the assistant does besides talking. toolbox.py lists all of it."""
