"""Pages of reports."""

from django.urls import path

from reports.views import photos

app_name = "reports"
urlpatterns = [
    path("photos/<uuid:key>/", photos.photo, name="photo"),
    path("photos/<uuid:key>/thumb/", photos.photo_thumb, name="photo_thumb"),
]
