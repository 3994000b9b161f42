"""The addresses that the apps call."""

from django.urls import path

from integrations.webhook import webhook

urlpatterns = [path("webhooks/meta", webhook, name="webhook")]
