"""The admin of pictures and of shared links, reported ones first. Prompts and pixels are shown on request only."""

from base64 import b64encode
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from imagine.files import storage
from imagine.models import Picture, Share

SHOWN = "thumb.webp"


class NoEditAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that can be read and deleted, but neither added nor changed."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Picture)
class PictureAdmin(NoEditAdmin):
    """Pictures: their owner and how they were made. Showing one takes a permission, and is logged."""

    list_display = ("id", "person", "made", "status", "problem", "created_at", "finished_at")
    fields = ("id", "person", "made", "status", "problem", "attempts", "created_at", "queued_at", "started_at",
              "finished_at", "width", "height", "frames", "style", "from_upload")  # fmt: skip
    list_filter = ("status", "problem", "made", "from_upload")
    search_fields = ("=id", "=person__id", "=person__username")
    list_select_related = ("person",)
    ordering = ("-created_at",)
    change_form_template = "admin/picture.html"

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse filters on prompts in the address: they would reveal what stands in them."""
        guess = lookup.startswith(("prompt", "words", "left_out", "drawn", "negative", "parent", "children", "shares"))
        return not guess and super().lookup_allowed(lookup, value, request)

    def get_urls(self) -> list[URLPattern]:
        show = self.admin_site.admin_view(self.show_picture)
        return [path("<uuid:id>/show/", show, name="imagine_picture_show"), *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        may_see = request.user.has_perm("imagine.see_picture")
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "may_see": may_see})

    def show_picture(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """The picture, small, and its prompt. Needs the permission to see pictures, and is logged.

        Raises PermissionDenied, Http404.
        """
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm("imagine.see_picture"):
            raise PermissionDenied
        picture = get_object_or_404(Picture, pk=id)
        self.log_change(request, picture, str(_("Looked at the picture")))
        context = {
            **self.admin_site.each_context(request),
            "title": _("The picture"),
            "opts": self.opts,
            "original": picture,
            "image": small(picture),
        }
        return TemplateResponse(request, "admin/picture_shown.html", context)


@admin.register(Share)
class ShareAdmin(NoEditAdmin):
    """Shared links, reported ones first. Deleting one revokes it at once."""

    list_display = ("__str__", "reported_at", "report", "created_at", "ends_at")
    fields = ("picture_link", "shared_page", "shows_prompt", "created_at", "ends_at", "reported_at", "report")
    list_filter = (("reported_at", admin.EmptyFieldListFilter),)
    search_fields = ("=token", "=picture__id", "=picture__person__id", "=picture__person__username")
    ordering = (F("reported_at").desc(nulls_last=True), "-created_at")

    @admin.display(description=_("picture"))
    def picture_link(self, share: Share) -> str:
        url = reverse("admin:imagine_picture_change", args=[share.picture_id])
        return format_html('<a href="{}">{}</a>', url, share.picture_id)

    @admin.display(description=_("what strangers see"))
    def shared_page(self, share: Share) -> str:
        return format_html('<a href="{0}">{0}</a>', reverse("shared", args=[share.token]))


def small(picture: Picture) -> str:
    """The thumbnail as a data URL; empty where there is none."""
    try:
        return "data:image/webp;base64," + b64encode(storage.load(picture.id, SHOWN)).decode()
    except FileNotFoundError:
        return ""
