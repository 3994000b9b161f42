"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

from web import health, leaving, pages
from web.accounts import allauth, api_keys, apps, deletion, memory, privacy, terms
from web.api import urls as api
from web.chat import aloud, asking, attachments, dictation, downloads, icons, views
from web.pictures import actions, ideas, shares
from web.pictures import pages as picture_pages
from web.rooms import urls as rooms
from web.shares import panel, reader

urlpatterns = [
    path("", views.start, name="start"),
    path("c/", views.history, name="history"),
    path("c/<uuid:conversation_id>/", views.conversation, name="conversation"),
    path("c/<uuid:conversation_id>/messages", views.messages, name="messages"),
    path("c/<uuid:conversation_id>/rename", views.rename, name="rename"),
    path("c/<uuid:conversation_id>/delete", views.delete, name="delete"),
    path("c/<uuid:conversation_id>/export.md", downloads.export_markdown, name="export_markdown"),
    path("c/<uuid:conversation_id>/export.json", downloads.export_json, name="export_json"),
    path("m/<uuid:message_id>/text", downloads.message_text, name="message_text"),
    path("m/<uuid:message_id>/aloud", aloud.sentences, name="sentences"),
    path("m/<uuid:message_id>/aloud/<int:number>", aloud.read_sentence, name="read_sentence"),
    path("m/<uuid:message_id>/edit", views.edit, name="edit"),
    path("m/<uuid:message_id>/retry", views.retry, name="retry"),
    path("m/<uuid:message_id>/show", views.show_version, name="show_version"),
    path("m/<uuid:message_id>/feedback", views.feedback, name="feedback"),
    path("r/<uuid:run_id>/stop", views.stop, name="stop"),
    path("r/<uuid:run_id>/icon", icons.source_icon, name="source_icon"),
    path("dictate", dictation.dictate, name="dictate"),
    path("about/", pages.about, name="about"),
    path("leave/", leaving.leave, name="leave"),
    path("account/", include(allauth.urlpatterns)),
    path("admin/", admin.site.urls),
    path("healthz", health.alive, name="alive"),
    path("readyz", health.ready, name="ready"),
    path("robots.txt", pages.robots, name="robots"),
    path("imagine/ideas", ideas.ideas, name="ideas"),
    path("", include(attachments.urlpatterns)),
    path("", include(asking.urlpatterns)),
    path("", include(actions.urlpatterns)),
    path("", include(picture_pages.urlpatterns)),
    path("", include(rooms.urlpatterns)),
    path("", include(panel.urlpatterns)),
    path("", include(reader.urlpatterns)),
    path("", include(shares.urlpatterns)),
    path("", include(picture_pages.file_patterns)),
    path("", include(privacy.urlpatterns)),
    path("", include(terms.urlpatterns)),
    path("", include(memory.urlpatterns)),
    path("", include(api_keys.urlpatterns)),
    path("", include(apps.urlpatterns)),
    path("", include(deletion.urlpatterns)),
    path("", include(api.urlpatterns)),
    path("", include("integrations.urls")),
]

# Django's own would read the form once more, and fail in the same way.
handler400 = "web.pages.bad_request"
