"""The site's settings, with the address of bench/site.py."""

import os

from geoportal.settings import *  # noqa: F403
from geoportal.settings import DATABASES

ROOT_URLCONF = "bench.site"
if os.environ.get("BENCH_POOL"):
    DATABASES["default"]["CONN_MAX_AGE"] = 0
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": int(os.environ["BENCH_POOL"])}
