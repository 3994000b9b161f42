"""How Django's cache keeps values in Redis."""

import json
from typing import Any


class JSONSerializer:
    """As JSON: Django's own are pickles, and whoever could write one into Redis had it run where it is read."""

    def dumps(self, value: Any) -> bytes:
        """Raises TypeError for what is no JSON."""
        return json.dumps(value).encode()

    def loads(self, data: bytes) -> Any:
        """What was kept; a list for a tuple. Raises ValueError for what is no JSON."""
        return json.loads(data)
