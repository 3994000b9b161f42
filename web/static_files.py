"""How static files are stored for the browser: compressed, and named after their contents."""

from servestatic.storage import CompressedManifestStaticFilesStorage


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Also puts the hashed names into the `import` lines of scripts: new ones never load old ones."""

    support_js_module_import_aggregation = True
