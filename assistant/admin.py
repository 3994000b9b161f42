"""Django's admin for operators: people, conversations without their text, links to them, runs, feedback."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, F, Prefetch, QuerySet
from django.db.models.functions import Left
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from assistant import suspension, traces, usage
from assistant.models import (
    Attachment,
    Conversation,
    ConversationShare,
    Feedback,
    GuardCount,
    Person,
    Run,
    Usage,
)

SHOWN_MESSAGES = 200
SHOWN_CHARACTERS = 2_000
SHOWN_DAYS = 14


def staff_login(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """Redirect to the site's sign-in page, with its rate limits. Raises PermissionDenied for other accounts."""
    if request.user.is_authenticated and not request.user.is_guest and not admin.site.has_permission(request):
        raise PermissionDenied
    query = urlencode({"next": request.GET.get("next", reverse("admin:index"))})
    return redirect(f"{reverse(settings.LOGIN_URL)}?{query}")


admin.site.login = staff_login  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = settings.SITE_NAME


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Read only: these rows are written by the program."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Person)
class PersonAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """People: suspend, reactivate, erase. Accounts are created by signing up."""

    list_display = (
        "__str__",
        "is_guest",
        "is_active",
        "is_staff",
        "conversation_count",
        "last_seen_at",
        "date_joined",
    )
    list_filter = ("is_guest", "is_active", "is_staff")
    search_fields = ("username", "email", "=id")
    ordering = ("-last_seen_at",)
    list_per_page = 50
    show_full_result_count = False
    readonly = ("id", "username", "email", "is_guest", "conversation_count", "date_joined", "last_seen_at", "agreed_at")
    rights = ("is_staff", "is_superuser", "groups", "user_permissions")
    fields = (*readonly, "is_active", *rights)
    filter_horizontal = ("groups", "user_permissions")
    actions = ("suspend", "let_in")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Person]:
        queryset: QuerySet[Person] = super().get_queryset(request)
        return queryset.annotate(conversation_total=Count("conversations"))

    @admin.display(description=_("conversations"), ordering="conversation_total")
    def conversation_count(self, person: Person) -> int:
        return getattr(person, "conversation_total", 0)

    def get_readonly_fields(self, request: HttpRequest, obj: Person | None = None) -> tuple[str, ...]:
        """Only superusers hand out rights; a person's name and address are their own to change."""
        return self.readonly if request.user.is_superuser else self.readonly + self.rights

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse filters on what a person wrote of themselves, in the address: they would reveal it."""
        return not lookup.startswith(("instructions", "memories")) and super().lookup_allowed(lookup, value, request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Person | None = None) -> bool:
        """Only superusers may change superusers."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or request.user.is_superuser or not obj.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Person | None = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or request.user.is_superuser or not obj.is_superuser)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, set[Any], list[Any]]:
        """What a person said is deleted with them: the page that confirms counts it, and does not list it."""
        said = sum(person.conversations.count() for person in objs)
        counts = {Person._meta.verbose_name_plural: len(objs), Conversation._meta.verbose_name_plural: said}
        return [str(person) for person in objs], counts, set(), []

    def save_model(self, request: HttpRequest, obj: Person, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not obj.is_active:
            suspension.suspend(obj.pk)

    def delete_model(self, request: HttpRequest, obj: Person) -> None:
        traces.erase(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Person]) -> None:
        for person in queryset:
            self.delete_model(request, person)

    @admin.action(description=_("Suspend"), permissions=["change"])
    def suspend(self, request: HttpRequest, queryset: QuerySet[Person]) -> None:
        self._set_active(request, queryset, active=False)

    @admin.action(description=_("Let in again"), permissions=["change"])
    def let_in(self, request: HttpRequest, queryset: QuerySet[Person]) -> None:
        self._set_active(request, queryset, active=True)

    def _set_active(self, request: HttpRequest, queryset: QuerySet[Person], *, active: bool) -> None:
        changed = [person for person in queryset if self.has_change_permission(request, person)]
        for person in changed:
            if active:
                Person.objects.filter(pk=person.pk).update(is_active=True)
            else:
                suspension.suspend(person.pk)
            self.log_change(request, person, [{"changed": {"fields": [str(_("active"))]}}])
        text = ngettext("%d person was changed.", "%d people were changed.", len(changed))
        self.message_user(request, text % len(changed), messages.SUCCESS)


@admin.register(Conversation)
class ConversationAdmin(ReadOnlyAdmin):
    """Conversations: members and length. Their text is shown on demand only, and that is logged.

    Temporary ones are not here.
    """

    list_display = ("id", "member_names", "message_count", "created_at", "updated_at")
    fields = ("id", "member_names", "message_count", "created_at", "updated_at")
    search_fields = ("=id", "=members__id", "=members__username")
    ordering = ("-updated_at",)
    list_per_page = 50
    show_full_result_count = False
    change_form_template = "admin/conversation.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        queryset: QuerySet[Conversation] = super().get_queryset(request).filter(temporary=False)
        return queryset.annotate(message_total=Count("messages")).prefetch_related("members")

    @admin.display(description=_("members"))
    def member_names(self, conversation: Conversation) -> str:
        return ", ".join(map(str, conversation.members.all()))

    @admin.display(description=_("messages"), ordering="message_total")
    def message_count(self, conversation: Conversation) -> int:
        return getattr(conversation, "message_total", 0)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """A title is made of what was said, so it cannot be guessed by filters in the address."""
        return not lookup.startswith("title") and super().lookup_allowed(lookup, value, request)

    def get_urls(self) -> list[URLPattern]:
        show = self.admin_site.admin_view(self.show_text)
        return [path("<uuid:id>/text/", show, name="assistant_conversation_text"), *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        may_read = request.user.has_perm("assistant.view_message")
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "may_read": may_read})

    def show_text(self, request: HttpRequest, id: Any) -> HttpResponse:
        """The newest messages, and how files begin. Writes to the admin's log. Raises PermissionDenied and Http404."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm("assistant.view_message"):
            raise PermissionDenied
        conversation = get_object_or_404(Conversation, pk=id, temporary=False)
        self.log_change(request, conversation, str(_("Read the text")))
        files = Attachment.objects.defer("text").annotate(beginning=Left("text", SHOWN_CHARACTERS))
        newest = conversation.messages.prefetch_related(Prefetch("attachments", files))
        newest = newest.order_by("-position")[:SHOWN_MESSAGES]
        context = {
            **self.admin_site.each_context(request),
            "title": _("The text"),
            "opts": self.opts,
            "original": conversation,
            "said": list(reversed(newest)),
        }
        return TemplateResponse(request, "admin/conversation_text.html", context)


@admin.register(ConversationShare)
class ConversationShareAdmin(ReadOnlyAdmin):
    """Links to conversations, reported ones first. Deleting one revokes it at once."""

    list_display = ("__str__", "length", "reported_at", "report", "created_at", "ends_at")
    fields = ("conversation_link", "shared_page", "person", "length", "shows_name", "created_at", "copied_at",
              "ends_at", "reported_at", "report")  # fmt: skip
    list_filter = (("reported_at", admin.EmptyFieldListFilter),)
    search_fields = ("=token", "=conversation__id", "=person__id", "=person__username")
    ordering = (F("reported_at").desc(nulls_last=True), "-created_at")
    list_per_page = 50
    show_full_result_count = False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, set[Any], list[Any]]:
        """The messages of a copy are deleted with it: the page that confirms does not list them."""
        return [str(share) for share in objs], {self.opts.verbose_name_plural: len(objs)}, set(), []

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse filters on what was said, in the address: they would reveal it."""
        guess = lookup.startswith(("title", "messages", "conversation__title", "conversation__messages"))
        return not guess and super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("conversation"))
    def conversation_link(self, share: ConversationShare) -> str:
        return link_to(share.conversation_id)

    @admin.display(description=_("what strangers see"))
    def shared_page(self, share: ConversationShare) -> str:
        return format_html('<a href="{0}">{0}</a>', reverse("shared_conversation", args=[share.token]))


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    """Runs: the state, model, error and times of each answer."""

    list_display = ("id", "status", "problem", "model", "created_at", "first_token", "whole", "answer_tokens")
    fields = ("id", "conversation_link", "status", "problem", "model", "created_at", "first_token", "whole",
              "prompt_tokens", "answer_tokens")  # fmt: skip
    list_filter = ("status", "problem", "model")
    search_fields = ("=id", "=conversation__id")
    ordering = ("-created_at",)
    list_per_page = 50
    show_full_result_count = False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse filters on what was asked, thought and found, in the address: they would reveal it."""
        words = ("tool_call", "reasoning", "steps", "sources", "cut_files", "code_issues")
        return not lookup.startswith(words) and super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("first word after"))
    def first_token(self, run: Run) -> str:
        return seconds(run.created_at, run.first_token_at)

    @admin.display(description=_("whole answer after"))
    def whole(self, run: Run) -> str:
        return seconds(run.created_at, run.finished_at)

    @admin.display(description=_("conversation"))
    def conversation_link(self, run: Run) -> str:
        return link_to(run.conversation_id)


@admin.register(Usage)
class UsageAdmin(ReadOnlyAdmin):
    """What models used: a line for each day, role, model and kind of asker, and the sums of the last days above."""

    list_display = ("day", "role", "model", "payer", "requests", "read", "written", "cost")
    list_filter = ("role", "payer", "model")
    date_hierarchy = "day"
    list_per_page = 100
    change_list_template = "admin/usage.html"

    @admin.display(description=_("cost"))
    def cost(self, line: Usage) -> str:
        return money(usage.cost_of(line.role, line.read, line.written))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, with the sums above it."""
        sums = [(day, total.tokens, money(total.cost)) for day, total in usage.by_day(SHOWN_DAYS).items()]
        budgets = [(Usage.Payer(who).label, used, budget) for who, used, budget in usage.standing()]
        return super().changelist_view(request, {**(extra_context or {}), "sums": sums, "budgets": budgets})


def money(amount: float) -> str:
    """An amount in the currency in which the settings name costs; a dash where they name none."""
    return f"{amount:,.4f}" if amount else "–"


@admin.register(Feedback)
class FeedbackAdmin(ReadOnlyAdmin):
    """Feedback: thumbs and comments."""

    list_display = ("__str__", "good", "word", "created_at")
    fields = ("good", "word", "created_at", "conversation_link")
    list_filter = ("good", "created_at")
    list_select_related = ("message",)
    ordering = ("-created_at",)
    list_per_page = 50
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Feedback]:
        queryset: QuerySet[Feedback] = super().get_queryset(request)
        return queryset.filter(message__conversation__temporary=False)

    @admin.display(description=_("conversation"))
    def conversation_link(self, feedback: Feedback) -> str:
        return link_to(feedback.message.conversation_id)


@admin.register(GuardCount)
class GuardCountAdmin(ReadOnlyAdmin):
    """How often the guard refused, by day and category."""

    list_display = ("day", "side", "found", "number", "version")
    list_filter = ("side", "found", "version", "day")
    list_per_page = 100
    show_full_result_count = False


def seconds(start: datetime, end: datetime | None) -> str:
    """The time between two moments, such as "1.2 s"."""
    return f"{(end - start).total_seconds():.1f} s" if end else "–"


def link_to(conversation_id: Any) -> str:
    """A link to a conversation's page in the admin."""
    url = reverse("admin:assistant_conversation_change", args=[conversation_id])
    return format_html('<a href="{}">{}</a>', url, conversation_id)
