"""Public pages."""

from django.urls import path

from insights.views import data, planner
from insights.views.home import home
from insights.views.hotspots import hotspots
from insights.views.ratings import ratings
from insights.views.statistics import figure_reports, figures_by_mail, statistics, statistics_csv, wall
from insights.views.territory import communes, unit
from insights.views.where import where

app_name = "insights"
urlpatterns = [
    path("", home, name="home"),
    path("communes/", communes, name="communes"),
    path("communes/<str:code>/", unit, name="unit"),
    path("ratings/", ratings, name="ratings"),
    path("where/", where, name="where"),
    path("statistics/", statistics, name="statistics"),
    path("statistics/wall/", wall, name="wall"),
    path("statistics/table.csv", statistics_csv, name="statistics_csv"),
    path("statistics/by-mail/", figures_by_mail, name="figures_by_mail"),
    path("statistics/reports/", figure_reports, name="figure_reports"),
    path("data/", data.data, name="data"),
    path("data/feed.atom", data.feed, name="data_feed"),
    path("data/changes.json", data.changes, name="data_changes"),
    path("data/reports.csv-metadata.json", data.metadata, name="data_metadata"),
    path("data/reports.<slug:kind>", data.stream, name="data_stream"),
    path("data/files/", data.order_file, name="order_file"),
    path("data/files/<uuid:key>/", data.data_file, name="data_file"),
    path("data/files/<uuid:key>/download/", data.download, name="download_file"),
    path("planner/", planner.planner, name="planner"),
    path("planner/hotspots/", hotspots, name="hotspots"),
    path("planner/save/", planner.save, name="save_query"),
    path("planner/q/<str:key>/", planner.saved_query, name="saved_query"),
    path("planner/q/<str:key>/delete/", planner.delete_saved, name="delete_query"),
    path("planner/layers/", planner.upload, name="upload_layer"),
    path("planner/layers/<str:key>/delete/", planner.delete_layer, name="delete_layer"),
]
