"""Public pages."""

from django.urls import path

from insights.views.home import home
from insights.views.ratings import ratings
from insights.views.territory import communes, unit
from insights.views.where import where

app_name = "insights"
urlpatterns = [
    path("", home, name="home"),
    path("communes/", communes, name="communes"),
    path("communes/<str:code>/", unit, name="unit"),
    path("ratings/", ratings, name="ratings"),
    path("where/", where, name="where"),
]
