"""How answers were rated, by body."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from insights.ratings import ratings as rated


@require_safe
@login_not_required
def ratings(request: HttpRequest) -> HttpResponse:
    """A table of all bodies that were rated."""
    return render(request, "insights/ratings.html", {"ratings": rated(), "fewest": settings.RATED_FROM})
