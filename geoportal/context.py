"""What every page's template knows of the site."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

from reports.tokens import officer_mark


def site(request: HttpRequest) -> dict[str, Any]:
    """The language to switch to, with the address that does it, and whether this is a demonstration."""
    other = "en" if get_language() == "vi" else "vi"
    query = request.GET.copy()
    query["lang"] = other
    return {
        "is_demo": settings.DEMO,
        "other_language": {"code": other, "name": dict(settings.LANGUAGES)[other], "href": f"{request.path}?{query.urlencode()}"},
        "tile_url": settings.TILE_URL,
        "tile_attribution": settings.TILE_ATTRIBUTION,
        "map_extent": settings.MAP_EXTENT,
        "officer_mark": officer_mark(request.user.pk) if request.path.startswith("/desk/") and request.user.is_authenticated else "",
    }
