"""How static files are stored for the browser: scripts without comments, compressed, and named after their contents."""

from typing import IO, Any

from django.core.files.base import ContentFile
from rjsmin import jsmin
from servestatic.storage import CompressedManifestStaticFilesStorage


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Also puts the hashed names into the `import` lines of scripts: new ones never load old ones."""

    support_js_module_import_aggregation = True

    def save(self, name: str | None, content: IO[Any], max_length: int | None = None) -> str:
        """Store a file that was collected; a script without its comments and indents."""
        if name and name.endswith(".js"):
            content = ContentFile(jsmin(content.read()))
        return super().save(name, content, max_length)
