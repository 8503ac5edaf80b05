"""Pages of reports."""

from django.urls import path

from reports.views import desk, desk_bulk, desk_report, filing, follow, history, pages, photos, rating, reporter, territory

app_name = "reports"
urlpatterns = [
    path("reports/new/", filing.new_report, name="new_report"),
    path("reports/new/where/", filing.where, name="filing_where"),
    path("reports/<str:code>/filed/", filing.filed, name="filed"),
    path("reports/<str:code>/", pages.report, name="report"),
    path("reports/<str:code>/history/", history.report_history, name="history"),
    path("history/", history.roots, name="roots"),
    path("history/roots.csv", history.roots_csv, name="roots_csv"),
    path("reports/<str:code>/steps/<slug:step>/", reporter.reporter_step, name="reporter_step"),
    path("reports/<str:code>/follow/", follow.follow, name="follow"),
    path("reports/<str:code>/rating/", rating.rating, name="rating"),
    path("follow/<int:follow_id>/<str:token>/confirm/", follow.follow_confirm, name="follow_confirm"),
    path("follow/<int:follow_id>/<str:token>/unsubscribe/", follow.unsubscribe, name="unsubscribe"),
    path("communes/<str:code>/follow/", follow.follow_unit, name="follow_unit"),
    path("unit-follow/<int:follow_id>/<str:token>/confirm/", follow.unit_follow_confirm, name="unit_follow_confirm"),
    path("unit-follow/<int:follow_id>/<str:token>/unsubscribe/", follow.unit_unsubscribe, name="unit_unsubscribe"),
    path("photos/<uuid:key>/", photos.photo, name="photo"),
    path("photos/<uuid:key>/thumb/", photos.photo_thumb, name="photo_thumb"),
    path("desk/", desk.desk, name="desk"),
    path("desk/queue/", desk.desk_queue, name="desk_queue"),
    path("desk/bulk/", desk_bulk.desk_bulk, name="desk_bulk"),
    path("desk/reports/<str:code>/", desk_report.desk_report, name="desk_report"),
    path("desk/reports/<str:code>/steps/<slug:step>/", desk_report.desk_step, name="desk_step"),
    path("desk/comments/", rating.comments, name="comments"),
    path("desk/comments/<int:rating_id>/", rating.comment, name="comment"),
    path("desk/territory/", territory.editions, name="editions"),
    path("desk/territory/<int:edition_id>/", territory.rehearsal, name="rehearsal"),
    path("desk/territory/<int:edition_id>/rehearsal.csv", territory.rehearsal_csv, name="rehearsal_csv"),
    path("desk/territory/<int:edition_id>/activate/", territory.activate, name="activate"),
    path("desk/territory/activations/<int:activation_id>/", territory.activation, name="activation"),
    path("desk/territory/activations/<int:activation_id>/undo/", territory.undo, name="undo_activation"),
]
