"""What is refused before it is read."""

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler


class UploadLimit(FileUploadHandler):
    """Refuses a request whose announced length is over settings.UPLOAD_LIMIT (bytes), before anything is written to memory or disk."""

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, Any],  # noqa: N803  Django's name
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> None:
        """Raises RequestDataTooBig for a body that is too long."""
        if content_length > settings.UPLOAD_LIMIT:
            raise RequestDataTooBig(f"A request of {content_length} bytes is over UPLOAD_LIMIT.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """The data, for the next handler."""
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leaves the file to the next handler."""
