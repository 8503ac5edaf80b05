"""Finding places as people write them."""

from boundaries.places.search import Place, search_places

__all__ = ["Place", "search_places"]
