"""Static files with the hash of their content in their name, so that browsers may keep them for ever."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import brotli
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

LARGE = 200_000
HASHED = re.compile(r"\.[0-9a-f]{12}\.[^/]+$")


class QuickCompressor(Compressor):
    """Brotli's last tenth takes ten times as long: only our pages' own files are worth it, not the bundles of the API's documentation."""

    @staticmethod
    def compress_brotli(data: bytes) -> bytes:
        return brotli.compress(data, quality=11 if len(data) < LARGE else 9)  # type: ignore[no-any-return,unused-ignore]


class HashedModules(CompressedManifestStaticFilesStorage):
    """Also rewrites `import` paths inside our ES modules to hashed names (each import line must end with a semicolon)."""

    support_js_module_import_aggregation = True

    def create_compressor(self, **kwargs: Any) -> Compressor:
        """Source maps stay as they are: nobody but a developer loads them."""
        kwargs["extensions"] = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")
        return QuickCompressor(**kwargs)

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Only what pages name; the files under their plain names are there for people who look."""
        yield from super().compress_files({path for path in paths if HASHED.search(path)})
