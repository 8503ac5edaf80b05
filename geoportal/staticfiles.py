"""Static files with the hash of their content in their name, so that browsers may keep them for ever."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedModules(CompressedManifestStaticFilesStorage):
    """Also rewrites `import` paths inside our ES modules to hashed names (each import line must end with a semicolon)."""

    support_js_module_import_aggregation = True
