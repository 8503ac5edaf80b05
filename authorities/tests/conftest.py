"""What the tests of authorities share."""

import pytest
from django.conf import settings
from django.core.management import call_command

DATA = settings.BASE_DIR.parent / "shared" / "data"


@pytest.fixture
def real_units(db):
    """Cà Mau and Bạc Liêu of both periods with their real outlines, and their bodies and rules."""
    files = [DATA / "camau_baclieu_pre2025_15m.geojson", DATA / "camau_2025_15m.geojson"]
    if not all(file.exists() for file in files):
        pytest.skip("the boundary files of ../shared/data are not here")
    call_command("load_boundaries", *map(str, files), "--activate", verbosity=0)
    call_command("load_authorities", verbosity=0)
