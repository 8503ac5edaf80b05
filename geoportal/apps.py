"""The project's own app: system checks and nothing else."""

from django.apps import AppConfig


class GeoportalConfig(AppConfig):
    name = "geoportal"

    def ready(self) -> None:
        from geoportal import checks, schema  # noqa: F401  registers them once the apps are loaded
