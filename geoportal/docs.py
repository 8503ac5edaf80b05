"""The page of the API's documentation: the OpenAPI description as plain HTML, in the site's own clothes and without a script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from geoportal.settings import SPECTACULAR_SETTINGS

PREFIX = "/api/v1/"
DEEPEST = 4  # levels of an answer that are told


@dataclass(frozen=True)
class Value:
    """A parameter, or a field of a body or an answer: its name (indented by its depth), type, whether it has to be there, and what it means."""

    name: str
    type: str
    required: bool
    text: str
    depth: int = 0


@dataclass(frozen=True)
class Operation:
    """One call: what it is asked with, and what it answers."""

    id: str
    method: str
    path: str
    text: str
    parameters: list[Value]
    body: list[Value]
    body_types: list[str]
    answers: list[tuple[str, list[Value]]]

    @property
    def can_be_opened(self) -> bool:
        """Whether the address means something as it stands."""
        return self.method == "get" and "{" not in self.path and not any(parameter.required for parameter in self.parameters)


@login_not_required
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Every call of the API, grouped by the first part of its address."""
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    groups: dict[str, list[Operation]] = {}
    for path, methods in schema["paths"].items():
        for method, told in methods.items():
            groups.setdefault(path.removeprefix(PREFIX).split("/")[0], []).append(_operation(path, method, told, schema))
    return render(request, "api_docs.html", {"groups": groups, "about": SPECTACULAR_SETTINGS["DESCRIPTION"]})


def _operation(path: str, method: str, told: dict[str, Any], schema: dict[str, Any]) -> Operation:
    contents = told.get("requestBody", {}).get("content", {})
    return Operation(
        id=told["operationId"],
        method=method,
        path=path,
        text=told.get("description", ""),
        parameters=[
            Value(
                parameter["name"],
                _type(parameter.get("schema", {}), schema),
                parameter.get("required", False),
                parameter.get("description", ""),
            )
            for parameter in told.get("parameters", [])
        ],
        body=_fields(_of_content(contents), schema),
        body_types=list(contents),
        answers=[(status, _fields(_of_content(answer.get("content", {})), schema)) for status, answer in told["responses"].items()],
    )


def _of_content(content: dict[str, Any]) -> dict[str, Any]:
    """The schema of a body or an answer, in the first of its media types."""
    for media in content.values():
        found: dict[str, Any] = media.get("schema", {})
        return found
    return {}


def _resolved(found: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in found:
        return _resolved(schema["components"]["schemas"][found["$ref"].rsplit("/", 1)[1]], schema)
    for several in ("allOf", "oneOf", "anyOf"):
        real = [one for one in found.get(several, []) if one.get("type") != "null" and one != {"enum": [None]}]
        if real:
            return _resolved(real[0], schema) | {"description": found.get("description", "")}
    return found


def _type(found: dict[str, Any], schema: dict[str, Any]) -> str:
    found = _resolved(found, schema)
    if found.get("enum"):
        return " | ".join(str(value) for value in found["enum"] if value is not None)
    kind = found.get("type", "object")
    if isinstance(kind, list):
        kind = " or ".join(kind)
    if kind == "array":
        return f"list of {_type(found.get('items', {}), schema)}"
    return str(found.get("format") or kind)


def _fields(found: dict[str, Any], schema: dict[str, Any], depth: int = 0) -> list[Value]:
    """The fields of an object, each followed by those within it."""
    found = _resolved(found, schema)
    if found.get("type") == "array":
        return _fields(found.get("items", {}), schema, depth)
    rows: list[Value] = []
    for name, field in found.get("properties", {}).items() if depth < DEEPEST else ():
        text = field.get("description", "") or _resolved(field, schema).get("description", "")
        rows.append(Value(name, _type(field, schema), name in found.get("required", []), text, depth))
        if name != "geometry":  # as GeoJSON says
            rows += _fields(field, schema, depth + 1)
    return rows
