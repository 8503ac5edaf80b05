from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@login_not_required
def communes(request: HttpRequest) -> HttpResponse:
    """A page to come."""
    return render(request, "insights/communes.html")


@login_not_required
def unit(request: HttpRequest, code: str) -> HttpResponse:
    """A page to come."""
    return render(request, "insights/unit.html", {"code": code})
