"""represent-boundaries as its own project, in a schema of its own beside our tables: settings, addresses and WSGI application in one file."""

import os
import sys
from urllib.parse import urlsplit

from django.conf import settings

at = urlsplit(os.environ["DATABASE_URL"])
settings.configure(
    SECRET_KEY="for a benchmark",  # noqa: S106
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.gis", "boundaries"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    GDAL_LIBRARY_PATH=os.environ["GDAL_LIBRARY_PATH"],
    GEOS_LIBRARY_PATH=os.environ["GEOS_LIBRARY_PATH"],
    DATABASES={
        "default": {
            "ENGINE": "django.contrib.gis.db.backends.postgis",
            "NAME": at.path[1:],
            "USER": at.username,
            "PASSWORD": at.password,
            "HOST": at.hostname,
            "PORT": at.port,
            "CONN_MAX_AGE": 60,
            "OPTIONS": {"options": "-c search_path=represent,public"},
        }
    },
    TEMPLATES=[],
)

import django  # noqa: E402

django.setup()

from django.core.management import execute_from_command_line  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import include, path  # noqa: E402

urlpatterns = [path("", include("boundaries.urls"))]
application = get_wsgi_application()

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
