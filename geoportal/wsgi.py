"""The WSGI application. WSGI, not ASGI: GEOS handles leak under ASGI's threads (Django ticket 29878)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "geoportal.settings")

application = get_wsgi_application()
