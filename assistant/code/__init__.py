"""Code Shield: insecure code in an answer is marked. It only marks: where it is away, nothing is claimed."""
