"""The threads that wait for the child processes in which pictures are decoded, and for no query."""

from concurrent.futures import ThreadPoolExecutor

# Each takes up to 640 MB while it decodes.
DECODED_AT_ONCE = 2

decoders = ThreadPoolExecutor(DECODED_AT_ONCE, thread_name_prefix="decoder")
