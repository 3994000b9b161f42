"""The addresses that the apps call."""

from django.urls import path

from integrations.callbacks import deauthorize, delete_data
from integrations.webhook import webhook

urlpatterns = [
    path("webhooks/meta", webhook, name="webhook"),
    path("webhooks/meta/deauthorize", deauthorize, name="deauthorize"),
    path("webhooks/meta/deletion", delete_data, name="delete_data"),
]
