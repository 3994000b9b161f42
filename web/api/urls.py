"""The addresses of the API."""

from django.urls import path, re_path

from web.api.views import completions, models, nothing

urlpatterns = [
    path("v1/chat/completions", completions, name="api_completions"),
    path("v1/models", models, name="api_models"),
    re_path("^v1/", nothing, name="api_nothing"),
]
