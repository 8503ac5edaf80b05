"""The site's settings, with the address of bench/site.py."""

from geoportal.settings import *  # noqa: F403

ROOT_URLCONF = "bench.site"
