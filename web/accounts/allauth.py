"""The adapter and the middleware that fit allauth to guests."""

import logging
from types import SimpleNamespace
from typing import Any, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.validators import RegexValidator
from django.db import transaction
from django.db.models import Q
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import URLPattern, URLResolver, include, path, reverse
from django.utils.deprecation import MiddlewareMixin
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.generic import RedirectView
from redis.exceptions import RedisError

from assistant import people
from assistant.addresses import wider
from assistant.errors import LogUnavailableError
from assistant.models import Person
from assistant.names import BLANK
from web.accounts.identity import BACKEND
from web.addresses import address_block
from web.http import error_page
from web.mail import mail_is_on

logger = logging.getLogger(__name__)

# No @: a name must never look like an e-mail address. No letter that cannot be seen, else it looks like another name.
NAME = rf"^(?:(?![{''.join(BLANK)}])[\w.+-])+\Z"
username_validators = [RegexValidator(NAME, _("Use letters, digits and . + - _ only."))]

# The pages that promise an e-mail.
MAIL_PAGES = {"account_reset_password", "account_reset_password_done", "account_email_verification_sent"}
# What is said where one was sent.
MAIL_SENT = "account/messages/email_confirmation_sent.txt"

WRONG = _("This name, e-mail or password is not right.")


class AccountAdapter(DefaultAccountAdapter):
    """allauth's hooks, for guests who may become accounts."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": WRONG,
        "username_password_mismatch": WRONG,
        "incorrect_password": _("This password is not right."),
        "too_many_login_attempts": _("Too many tries. Please wait a few minutes."),
        "username_taken": _("Somebody has this name already. Please choose another."),
    }

    @transaction.atomic
    def save_user(
        self, request: HttpRequest, user: AbstractBaseUser, form: BaseForm, commit: bool = True
    ) -> AbstractBaseUser:
        """Sign up: the guest's own row becomes the account, unless another request has claimed it."""
        guest = getattr(request, "guest", None)
        if commit and guest is not None and people.claim(guest):
            user = guest
        return super().save_user(request, user, form, commit)

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Sign in, and merge the guest of this browser into the account."""
        user.backend = BACKEND
        super().login(request, user)
        if cast(Person, user).is_staff:
            logger.info("operator %s signed in", user.pk)
        guest = getattr(request, "guest", None)
        if guest is not None and guest.pk != user.pk:
            people.merge(guest, cast(Person, user))

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Log it where it was an operator's name, or e-mail. The same query for every name takes the same time."""
        name, email = credentials.get("username") or "", credentials.get("email") or ""
        named = Q(username__iexact=name) | Q(email__iexact=email or name)
        for operator in Person.objects.filter(named, is_staff=True).values_list("pk", flat=True):
            logger.warning("signing in as operator %s failed", operator)

    def is_safe_url(self, url: str | None) -> bool:
        """Whether `url` is a path of this site: account pages redirect to no other."""
        own = url_has_allowed_host_and_scheme(url, allowed_hosts=None)
        return own and url is not None and url.startswith("/")

    def is_ajax(self, request: HttpRequest) -> bool:
        """Account pages answer with HTML only, but for what the page to sign in asks a passkey to sign."""
        match = request.resolver_match
        return request.method == "GET" and match is not None and match.url_name == "mfa_login_webauthn"

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address that attempts are counted by."""
        return address_block(request)

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        """Show a message, but none that says that an e-mail is on its way where none is sent."""
        if mail_is_on() or message_template != MAIL_SENT:
            super().add_message(request, level, message_template, *args, **kwargs)

    def format_email_subject(self, subject: str) -> str:
        """The subject, after the site's name."""
        return f"{settings.SITE_NAME}: {subject}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send an e-mail whose links start with SITE_URL, whatever host the request named.

        When it cannot be sent, the page says so, in the same words for known and unknown addresses. A site without
        mail sends none.
        """
        if not mail_is_on():
            return
        here = self.request.build_absolute_uri("/")
        links = {
            name: f"{settings.SITE_URL}/{value.removeprefix(here)}"
            for name, value in context.items()
            if name.endswith("_url")
        }
        site = SimpleNamespace(name=settings.SITE_NAME, domain=settings.SITE_URL.partition("://")[2])
        try:
            super().send_mail(template_prefix, email, {"current_site": site, **context, **links})
        except OSError as error:
            # The error's own text may hold the address.
            logger.error("an e-mail was not sent: %s", type(error).__name__, extra={"mail": template_prefix})
            sorry = _("The e-mail could not be sent just now. Please try again later.")
            messages.error(self.request, sorry)


class GuestsAsAnonymousMiddleware(MiddlewareMixin):
    """Makes a guest anonymous on account pages, so that they can sign in or up; `request.guest` keeps them.

    Pages that need an account redirect them to the sign-up form. Without mail, those that promise an e-mail say what
    to do instead. allauth counts by the networks of IPv6; what their whole site may send is counted here.
    """

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        match = request.resolver_match
        if view.__module__.startswith("allauth."):
            if getattr(request.user, "is_guest", False):
                request.guest = request.user  # type: ignore[attr-defined]
                request.user = AnonymousUser()
            if match is not None and not _may_send(request, "signup" if match.url_name == "account_signup" else "form"):
                return ratelimit.respond_429(request)
        if match is not None and match.url_name in MAIL_PAGES and not mail_is_on():
            return render(request, "account/no_mail.html")
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Without Redis, attempts cannot be counted, so they are refused until it is back."""
        if not isinstance(exception, RedisError):
            return None
        logger.error("%s was refused: Redis is away", request.path)
        return error_page(request, LogUnavailableError(str(exception)))

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        sign_in = f"{resolve_url(settings.LOGIN_URL)}?"
        if hasattr(request, "guest") and response.get("Location", "").startswith(sign_in):
            query = response["Location"].removeprefix(sign_in)
            return HttpResponseRedirect(f"{reverse('account_signup')}?{query}")
        return response


def _may_send(request: HttpRequest, what: str) -> bool:
    """Count a form of an account page by the IPv6 site that it comes from."""
    sites = [key for key, _times in wider(address_block(request))[1:]]
    return all(ratelimit.consume(request, action=f"{what}_of_site", key=site) for site in sites)


urlpatterns: list[URLPattern | URLResolver] = [path("", include("allauth.account.urls"))]
if settings.PASSKEYS:
    # There is one kind, so its page is the one that leads to all kinds.
    urlpatterns.append(path("2fa/", RedirectView.as_view(pattern_name="mfa_list_webauthn")))
    urlpatterns.append(path("2fa/", include("allauth.mfa.urls")))
if settings.SOCIAL_PROVIDERS:
    urlpatterns.append(path("social/", include("allauth.socialaccount.urls")))
    providers = [f"allauth.socialaccount.providers.{name}.urls" for name in settings.SOCIAL_PROVIDERS]
    urlpatterns += [path("", include(urls)) for urls in providers]
