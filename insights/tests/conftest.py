"""What tests of the read side share."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.gis.geos import LineString

from boundaries.models import BaseLayer
from insights.tests.planner_cases import QUERY


@pytest.fixture
def river(db: None) -> BaseLayer:
    """A river from west to east along 9.05° N, and another far in the north."""
    BaseLayer.objects.create(name="rivers", label="Bắc", attribution="OSM", geometry=LineString((105.0, 9.09), (105.2, 9.09), srid=4326))
    return BaseLayer.objects.create(
        name="rivers", label="Ông Đốc", attribution="OSM", geometry=LineString((105.0, 9.05), (105.2, 9.05), srid=4326)
    )


@pytest.fixture
def ask(client_of, dung):
    """Asks a query as Dũng, the planner: the answer as JSON."""
    client = client_of(dung)

    def asked(query: Any, **more: Any) -> Any:
        response = client.post(QUERY, json.dumps(query), content_type="application/json", **more)
        assert response.status_code == 200, response.content
        return response.json()

    return asked
