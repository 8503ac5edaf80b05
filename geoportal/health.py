"""Two probes: `live` says that the process answers, `ready` that it can serve."""

from collections.abc import Callable

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse


class HealthMiddleware:
    """Answers /healthz/ before host checks, sessions and redirects: a probe comes by address, without a host name."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz/live":
            return JsonResponse({"status": "ok"})
        if request.path == "/healthz/ready":
            return ready()
        return self.get_response(request)


def ready() -> JsonResponse:
    """200 when the database answers, has PostGIS and all migrations; otherwise 503 with the reason."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT postgis_lib_version()")
            (postgis,) = cursor.fetchone()
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return JsonResponse({"status": "unavailable", "reason": "the database does not answer, or has no PostGIS"}, status=503)
    if missing:
        return JsonResponse({"status": "unavailable", "reason": f"{len(missing)} migrations are not applied"}, status=503)
    return JsonResponse({"status": "ok", "postgis": postgis})
