"""Public pages, one module a subject."""
