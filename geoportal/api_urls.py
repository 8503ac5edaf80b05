"""The public API, version 1."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from boundaries import api as boundaries
from geoportal.docs import docs
from insights import api as insights
from insights import ratings_api
from insights.hotspots.api import HotspotsView
from insights.planner import api as planner
from insights.tiles.api import TileView
from reports.api import history, photos, rating
from reports.api import views as reports

urlpatterns = [
    path("units/", boundaries.UnitList.as_view()),
    path("units/locate/", boundaries.LocateView.as_view(), name="units-locate"),
    path("units/<str:code>/", boundaries.UnitDetail.as_view()),
    path("units/<str:code>/succession/", boundaries.UnitHistory.as_view(), name="units-succession"),
    path("layers/", boundaries.LayerList.as_view()),
    path("layers/<slug:name>/", boundaries.LayerDetail.as_view()),
    path("places/", boundaries.PlaceSearch.as_view(), name="places"),
    path("categories/", reports.CategoryList.as_view(), name="categories"),
    path("reports/", reports.ReportList.as_view(), name="reports-list"),
    path("reports/destination/", reports.DestinationView.as_view(), name="reports-destination"),
    path("reports/similar/", reports.SimilarView.as_view(), name="reports-similar"),
    path("reports/<str:code>/", reports.ReportOne.as_view(), name="reports-one"),
    path("reports/<str:code>/events/", reports.ReportEvents.as_view()),
    path("reports/<str:code>/history/", history.ReportHistory.as_view(), name="reports-history"),
    path("history/roots/", history.RootList.as_view(), name="history-roots"),
    path("reports/<str:code>/routing/", reports.ReportRouting.as_view()),
    path("reports/<str:code>/rating/", rating.ReportRating.as_view(), name="reports-rating"),
    path("photos/inspect/", photos.PhotoInspect.as_view(), name="photos-inspect"),
    path("tiles/<str:layer>/<str:z>/<str:x>/<str:y>.mvt", TileView.as_view(), name="tiles"),
    path("map/clusters/", insights.ClusterView.as_view(), name="clusters"),
    path("statistics/", insights.StatisticsView.as_view(), name="statistics"),
    path("ratings/", ratings_api.RatingsView.as_view(), name="ratings"),
    path("planner/query/", planner.QueryView.as_view(), name="planner-query"),
    path("planner/queries/", planner.SavedList.as_view(), name="planner-queries"),
    path("planner/queries/<str:key>/", planner.SavedOne.as_view(), name="planner-saved"),
    path("planner/queries/<str:key>/result/", planner.SavedResult.as_view(), name="planner-result"),
    path("planner/hotspots/", HotspotsView.as_view(), name="planner-hotspots"),
    path("planner/layers/", planner.LayerList.as_view(), name="planner-layers"),
    path("planner/layers/<str:key>/", planner.LayerOne.as_view(), name="planner-layer"),
    path("schema/", login_not_required(SpectacularAPIView.as_view()), name="schema"),
    path("docs/", docs, name="docs"),
]
