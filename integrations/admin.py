"""Django's admin of the apps: deliveries, contacts, what came and went without its text, and a page for each app."""

import json
import logging
import re
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib import admin, messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, Model, OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from assistant.admin import ReadOnlyAdmin, link_to
from integrations import checkup, remedies
from integrations.models import ChannelState, Contact, Delivery, Group, GroupOrder, InboxEntry, OutboxEntry
from integrations.overview import deliveries, overview
from integrations.registry import SETUPS, TITLES
from integrations.setup import Finding, Setup

logger = logging.getLogger(__name__)

SHOWN_CHARACTERS = 100_000
DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
AT_ONCE = 500
TOKEN_SECONDS = 60


class ChannelFilter(admin.SimpleListFilter):
    """By app, without asking the table which there are."""

    title = _("app")
    parameter_name = "app"
    field = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return list(TITLES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.field: self.value()}) if self.value() in TITLES else queryset


class ContactChannelFilter(ChannelFilter):
    """The same, for what belongs to a contact."""

    field = "contact__channel"


class StoredAdmin(ReadOnlyAdmin):
    """Rows with something in them that people said: it is shown on demand only, and that is logged."""

    list_per_page = 50
    show_full_result_count = False
    change_form_template = "admin/stored.html"
    # The field that holds it. No filter in the address may name it, nor guess at those of other tables.
    stored = "content"

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse filters on what was said, and on who said it, in the address: they would reveal it."""
        guess = lookup.startswith((self.stored, "contact__", "message"))
        return not guess and super().lookup_allowed(lookup, value, request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without what is in the rows: it can be large."""
        return super().get_queryset(request).defer(self.stored)

    def get_urls(self) -> list[URLPattern]:
        show = self.admin_site.admin_view(self.show_text)
        return [path("<path:object_id>/text/", show, name=self._name("text")), *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        may_read = request.user.has_perm("assistant.view_message")
        more = {"may_read": may_read, "text_url": f"admin:{self._name('text')}"}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})

    def show_text(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What is in a row, as JSON. Writes to the admin's log. Raises PermissionDenied and Http404."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not (request.user.has_perm("assistant.view_message") and self.has_view_permission(request)):
            raise PermissionDenied
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        self.log_change(request, row, str(_("Read the text")))
        text = readable(getattr(row, self.stored))
        context = {
            **self.admin_site.each_context(request),
            "title": _("The text"),
            "opts": self.opts,
            "original": row,
            "back": reverse(f"admin:{self._name('change')}", args=[row.pk]),
            "text": text[:SHOWN_CHARACTERS],
            "is_cut": len(text) > SHOWN_CHARACTERS,
        }
        return TemplateResponse(request, "admin/stored_text.html", context)

    def _name(self, what: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{what}"


@admin.register(Delivery)
class DeliveryAdmin(StoredAdmin):
    """Deliveries: the state and contents, in kinds and numbers, of what Meta sent."""

    stored = "body"
    list_display = ("id", "state", "summary", "signer", "attempts", "age")
    fields = ("id", "state", "summary", "signer", "attempts", "received_at", "taken_until")
    list_filter = ("state",)
    search_fields = ("=id",)
    ordering = ("-id",)
    actions = ("replay",)

    @admin.display(description=_("age"), ordering="received_at")
    def age(self, delivery: Delivery) -> str:
        return timesince(delivery.received_at, depth=1)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integrations.change_delivery")

    @admin.action(description=_("Read again"), permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        chosen = _chosen(queryset)
        number = remedies.replay([delivery.pk for delivery in chosen])
        _log(self, request, chosen, _("Read again"))
        text = ngettext("%d delivery will be read again.", "%d deliveries will be read again.", number)
        self.message_user(request, text % number, messages.SUCCESS)
        if number < len(chosen):
            self.message_user(request, _("Of the others, the body is no longer kept."), messages.WARNING)


@admin.register(Contact)
class ContactAdmin(ReadOnlyAdmin):
    """Contacts: people in the apps, and who they are here."""

    list_display = ("id", "app", "name", "person_link", "wrote_at", "created_at")
    fields = ("id", "app", "name", "username", "number", "person_link", "conversation_link", "language", "wrote_at",
              "greeted_at", "stopped_at", "human_until", "gone_at", "created_at")  # fmt: skip
    list_filter = (ChannelFilter,)
    search_fields = ("=id", "=user_id", "=phone", "=person__id")
    ordering = ("-id",)
    list_select_related = ("person",)
    list_per_page = 50
    show_full_result_count = False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse guesses at numbers, and at what is known of the person, in the address."""
        guess = lookup.startswith(("phone", "user_id", "expects", "person__", "conversation__", "inbox", "outbox"))
        return not guess and super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("app"))
    def app(self, contact: Contact) -> str:
        return TITLES.get(contact.channel, contact.channel)

    @admin.display(description=_("phone number"))
    def number(self, contact: Contact) -> str:
        return f"… {contact.phone[-4:]}" if contact.phone else "–"

    @admin.display(description=_("person"))
    def person_link(self, contact: Contact) -> str:
        url = reverse("admin:assistant_person_change", args=[contact.person_id])
        return format_html('<a href="{}">{}</a>', url, contact.person)

    @admin.display(description=_("conversation"))
    def conversation_link(self, contact: Contact) -> str:
        return link_to(contact.conversation_id) if contact.conversation_id else "–"


class OfContactAdmin(StoredAdmin):
    """What came from a contact, or goes to one."""

    list_select_related = ("contact",)

    @admin.display(description=_("contact"))
    def contact_link(self, row: Any) -> str:
        return contact_link(row.contact_id, row.contact.channel)


@admin.register(InboxEntry)
class InboxEntryAdmin(OfContactAdmin):
    """Received messages: whether they are answered, and what came of them."""

    list_display = ("id", "contact_link", "kind", "state", "outcome", "attempts", "received_at")
    fields = ("id", "contact_link", "kind", "state", "outcome", "attempts", "said_at", "received_at")
    list_filter = ("state", "kind", ContactChannelFilter)
    search_fields = ("=id", "=contact__id", "=external_id")
    ordering = ("-id",)


@admin.register(OutboxEntry)
class OutboxEntryAdmin(OfContactAdmin):
    """Outgoing messages: how far they have come. Those that failed can be sent again, at the operator's own risk."""

    list_display = ("id", "contact_link", "state", "problem", "attempts", "created_at", "sent_at")
    fields = ("id", "contact_link", "state", "problem", "detail", "attempts", "created_at", "not_before", "sent_at")
    list_filter = ("state", "problem", ContactChannelFilter)
    search_fields = ("=id", "=contact__id", "=external_id")
    ordering = ("-created_at",)
    actions = ("send_again", "give_up")

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integrations.change_outboxentry")

    @admin.action(description=_("Send again"), permissions=["send"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[OutboxEntry]) -> HttpResponse | None:
        """Ask first: what may have been sent may arrive twice."""
        chosen = _chosen(queryset.filter(state__in=remedies.SENT_AGAIN))
        if not chosen:
            nothing = _("Only what failed, or what nobody knows about, can be sent again.")
            self.message_user(request, nothing, messages.WARNING)
            return None
        if "confirmed" not in request.POST:
            context = {
                **self.admin_site.each_context(request),
                "title": _("Send again?"),
                "opts": self.opts,
                "chosen": chosen,
                "unknown": sum(entry.state == OutboxEntry.State.UNKNOWN for entry in chosen),
            }
            return TemplateResponse(request, "admin/send_again.html", context)
        number = remedies.send_again([entry.pk for entry in chosen])
        _log(self, request, chosen, _("Sent again"))
        text = ngettext("%d message will be sent again.", "%d messages will be sent again.", number)
        self.message_user(request, text % number, messages.SUCCESS)
        return None

    @admin.action(description=_("Give up"), permissions=["send"])
    def give_up(self, request: HttpRequest, queryset: QuerySet[OutboxEntry]) -> None:
        chosen = _chosen(queryset.filter(state__in=remedies.GIVEN_UP))
        number = remedies.give_up([entry.pk for entry in chosen])
        _log(self, request, chosen, _("Given up"))
        text = ngettext("%d message was given up.", "%d messages were given up.", number)
        self.message_user(request, text % number, messages.SUCCESS if number else messages.WARNING)


class GroupChannelFilter(ChannelFilter):
    """The same, for what belongs to a group."""

    field = "group__channel"


@admin.register(Group)
class GroupAdmin(ReadOnlyAdmin):
    """Groups: how it stands with each, without its name, its link or a word of its room."""

    list_display = ("id", "app", "state", "reason", "last_problem", "people_count", "room_link", "created_at")
    fields = ("id", "app", "state", "reason", "last_problem", "is_held", "people_count", "room_link", "contact_link",
              "orders_link", "created_at")  # fmt: skip
    list_filter = ("state", ChannelFilter)
    search_fields = ("=id", "=room__conversation__id")
    ordering = ("-id",)
    list_per_page = 50
    show_full_result_count = False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse guesses at names, links and people in the address."""
        allowed = lookup.startswith(("state", "reason", "id", "created_at"))
        return allowed and super().lookup_allowed(lookup, value, request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        troubles = GroupOrder.objects.filter(group=OuterRef("pk")).exclude(problem="").order_by("-pk")
        rows: QuerySet[Group] = super().get_queryset(request).defer("subject", "link")
        return rows.annotate(
            people_total=Count("people"),
            trouble_kind=Subquery(troubles.values("kind")[:1]),
            trouble=Subquery(troubles.values("problem")[:1]),
            held=Exists(GroupOrder.objects.holding().filter(group=OuterRef("pk"))),
        )

    @admin.display(description=_("app"))
    def app(self, group: Group) -> str:
        return TITLES.get(group.channel, group.channel)

    @admin.display(description=_("people"), ordering="people_total")
    def people_count(self, group: Group) -> int:
        return getattr(group, "people_total", 0)

    @admin.display(description=_("last problem"))
    def last_problem(self, group: Group) -> str:
        kind, trouble = getattr(group, "trouble_kind", None), getattr(group, "trouble", None)
        return f"{GroupOrder.Kind(kind).label}: {trouble}" if kind and trouble else "–"

    @admin.display(description=_("waits until somebody is removed"), boolean=True)
    def is_held(self, group: Group) -> bool:
        return bool(getattr(group, "held", False))

    @admin.display(description=_("room"))
    def room_link(self, group: Group) -> str:
        return link_to(group.room_id) if group.room_id else "–"

    @admin.display(description=_("contact"))
    def contact_link(self, group: Group) -> str:
        return contact_link(group.contact_id, group.channel) if group.contact_id else "–"

    @admin.display(description=_("orders"))
    def orders_link(self, group: Group) -> str:
        url = reverse("admin:integrations_grouporder_changelist")
        return format_html('<a href="{}?group__id__exact={}">{}</a>', url, group.pk, group.orders.count())


@admin.register(GroupOrder)
class GroupOrderAdmin(ReadOnlyAdmin):
    """What WhatsApp has to do with groups. What failed can be tried again."""

    list_display = ("id", "group_link", "kind", "state", "problem", "attempts", "created_at")
    fields = ("id", "group_link", "kind", "state", "problem", "detail", "attempts", "not_before", "created_at")
    list_filter = ("state", "kind", GroupChannelFilter)
    search_fields = ("=id", "=group__id")
    ordering = ("-id",)
    list_select_related = ("group",)
    list_per_page = 50
    show_full_result_count = False
    actions = ("try_again",)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse guesses at names and people in the address."""
        allowed = lookup.startswith(("state", "kind", "problem", "id", "created_at", "group__id"))
        return allowed and super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("group"))
    def group_link(self, order: GroupOrder) -> str:
        url = reverse("admin:integrations_group_change", args=[order.group_id])
        return format_html('<a href="{}">{} {}</a>', url, TITLES.get(order.group.channel, ""), order.group_id)

    def has_try_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integrations.change_grouporder")

    @admin.action(description=_("Try again"), permissions=["try"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[GroupOrder]) -> None:
        chosen = _chosen(queryset)
        done = remedies.order_again([order.pk for order in chosen])
        _log(self, request, [order for order in chosen if order.pk in done], _("Tried again"))
        text = ngettext("%d order will be tried again.", "%d orders will be tried again.", len(done))
        self.message_user(request, text % len(done), messages.SUCCESS if done else messages.WARNING)
        if len(done) < len(chosen):
            self.message_user(request, _("The others did not fail, or there is nothing left to do."), messages.WARNING)


@admin.register(ChannelState)
class ChannelAdmin(ReadOnlyAdmin):
    """A page for each app, whether or not something has come from it yet."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<str:name>/", view(self.page), name="integrations_channel"),
            path("<str:name>/go-on/", view(self.go_on), name="integrations_channel_go_on"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The apps. Raises PermissionDenied."""
        self._require_view(request)
        known = {(state.channel, state.account): state for state in ChannelState.objects.all()[:AT_ONCE]}
        rows = [(setup, known.get((setup.name, setup.account))) for setup in SETUPS]
        context = self._context(request, _("Channels"))
        context |= {"rows": rows, "deliveries": deliveries(), "courier": checkup.courier()}
        return TemplateResponse(request, "admin/channels.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A row is shown on the page of its app."""
        state = get_object_or_404(ChannelState, pk=object_id) if object_id.isdecimal() else None
        if state is None:
            raise Http404
        return redirect("admin:integrations_channel", state.channel)

    def page(self, request: HttpRequest, name: str) -> HttpResponse:
        """How it stands with one app. Raises PermissionDenied and Http404."""
        self._require_view(request)
        setup = _setup(name)
        context = {
            **self._context(request, setup.title),
            "setup": setup,
            "missing": setup.missing() if setup.begun else {},
            "token": token(setup) if setup.is_on else None,
            "overview": overview(setup.name, setup.account),
            "may_go_on": request.user.has_perm("integrations.change_channelstate"),
        }
        return TemplateResponse(request, "admin/channel.html", context)

    def go_on(self, request: HttpRequest, name: str) -> HttpResponse:
        """Send again for an account that was halted. Raises PermissionDenied and Http404."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm("integrations.change_channelstate"):
            raise PermissionDenied
        setup = _setup(name)
        if remedies.go_on(setup.name, setup.account):
            state = ChannelState.objects.get(channel=setup.name, account=setup.account)
            self.log_change(request, state, str(_("Tried again")))
            self.message_user(request, _("What waits is being sent again."), messages.SUCCESS)
        return redirect("admin:integrations_channel", setup.name)

    def _require_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _context(self, request: HttpRequest, title: Any) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "title": title, "opts": self.opts}


def contact_link(contact: int, channel: str) -> str:
    """A link to the page of a contact."""
    url = reverse("admin:integrations_contact_change", args=[contact])
    return format_html('<a href="{}">{} {}</a>', url, TITLES.get(channel, ""), contact)


def token(setup: Setup) -> Finding:
    """How it stands with an app's token, asked at most once a minute."""
    key = f"channels:token:{setup.name}:{setup.account}"
    try:
        kept = cache.get(key)
    except (RedisError, OSError) as error:
        logger.warning("what is known of a token is not kept: %s", error)
        return async_to_sync(checkup.token_now)(setup)
    if kept is not None:
        return Finding(**kept)
    found = async_to_sync(checkup.token_now)(setup)
    cache.set(key, {name: str(text) for name, text in asdict(found).items()}, TOKEN_SECONDS)
    return found


def readable(stored: Any) -> str:
    """What is stored, as JSON with indents; bytes that are no JSON as the letters that are in them.

    Little more than SHOWN_CHARACTERS of it: indents can make it a thousand times larger than it was.
    """
    if isinstance(stored, bytes | memoryview):
        data = bytes(stored)
        try:
            stored = json.loads(data)
        except (ValueError, RecursionError):
            return data[: SHOWN_CHARACTERS + 1].decode(errors="replace")
    parts, length = [], 0
    try:
        for part in json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(stored) if stored else ():
            parts.append(part)
            length += len(part)
            if length > SHOWN_CHARACTERS:
                break
    except RecursionError:
        return gettext("It is nested too deeply to be shown.")
    # Half of a pair of surrogates is a letter in JSON, and none in UTF-8.
    text = "".join(parts).encode(errors="replace").decode()
    # What turns the direction of the rest is shown as JSON has it.
    return DIRECTIONS.sub(lambda mark: f"\\u{ord(mark[0]):04x}", text)


def _setup(name: str) -> Setup:
    """An app by its name. Raises Http404."""
    found = next((setup for setup in SETUPS if setup.name == name), None)
    if found is None:
        raise Http404
    return found


def _chosen(queryset: QuerySet[Any]) -> list[Any]:
    """Those that an action is for, at most AT_ONCE."""
    return list(queryset[:AT_ONCE])


def _log(model_admin: ReadOnlyAdmin, request: HttpRequest, rows: Iterable[Model], text: Any) -> None:
    """Write to the admin's log what an operator did to each row."""
    for row in rows:
        model_admin.log_change(request, row, str(text))
