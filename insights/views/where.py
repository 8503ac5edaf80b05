from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@login_not_required
def where(request: HttpRequest) -> HttpResponse:
    """A page to come."""
    return render(request, "insights/where.html")
