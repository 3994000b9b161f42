"""What the assistant can do besides talking."""
