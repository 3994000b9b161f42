"""How static files are stored for the browser: scripts without comments, compressed, and named after their contents."""

from typing import Any

from django.core.files.base import ContentFile, File
from rjsmin import jsmin
from servestatic.storage import CompressedManifestStaticFilesStorage


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Also puts the hashed names into the `import` lines of scripts: new ones never load old ones."""

    support_js_module_import_aggregation = True

    def _save(self, name: str, content: "File[Any]") -> str:
        """Store a file under its own or its hashed name; a script without its comments and indents."""
        if name.endswith(".js"):
            content = ContentFile(jsmin(b"".join(content.chunks())))
        stored: str = super()._save(name, content)  # type: ignore[misc]  # unknown to django-stubs
        return stored
