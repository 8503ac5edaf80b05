"""The public API of reports."""
