"""Search on the web: engines behind one small interface, asked two at once. Not the search in one's own conversations,
which is assistant/search.py."""
