"""What can go wrong when a page of another site is fetched and read.

The sentence is for the person. The exception's own text is for the operator: it names the host, never the rest of an
address, which may hold what somebody asked for.
"""

from django.utils.translation import gettext_lazy as _

from assistant.errors import AssistantError


class FetchError(AssistantError):
    """The root of the tree."""

    code = "page_trouble"
    sentence = _("This page could not be read. Please try again.")


class RefusedAddressError(FetchError):
    """No address of a public web page: another scheme or port, credentials in it, or a host of somebody's network."""

    code = "page_refused"
    retry = False
    sentence = _("This is not the address of a public web page.")


class UnknownSiteError(FetchError):
    """The host has no address, or one that is not of the internet: the two look the same, as names are private too."""

    code = "page_unknown_site"
    retry = False
    sentence = _("There is no public site with this name.")


class UnreachableSiteError(FetchError):
    """The host cannot be resolved right now, refuses the connection, or breaks it."""

    code = "page_unreachable"
    sentence = _("This site cannot be reached right now.")


class CertificateError(FetchError):
    """The site cannot prove who it is."""

    code = "page_certificate"
    retry = False
    sentence = _("This site cannot prove that it is what it says, so it was not read.")


class SlowSiteError(FetchError):
    """The page did not arrive in time."""

    code = "page_slow"
    sentence = _("This site took too long to answer.")


class CrowdedFetchError(FetchError):
    """Too many pages are being fetched, of this site or of all."""

    code = "page_crowded"
    sentence = _("Many pages are being read right now. Please try again in a minute.")


class RedirectError(FetchError):
    """Redirected too often, in a circle, or to nowhere."""

    code = "page_redirects"
    retry = False
    sentence = _("This address leads from one page to the next and never ends.")


class PageNotFoundError(FetchError):
    """404 or 410."""

    code = "page_not_found"
    retry = False
    sentence = _("This page does not exist, or not any more.")


class PageClosedError(FetchError):
    """401, 402, 403 or 451: not for strangers, or not for programs."""

    code = "page_closed"
    retry = False
    sentence = _("This site does not let its page be read from here.")


class SiteFaultError(FetchError):
    """Any other status: the site is overloaded or broken."""

    code = "page_site_fault"
    sentence = _("This site has trouble of its own right now.")


class BrokenResponseError(FetchError):
    """The response is no HTTP, or breaks its own framing or compression, or has too large a head."""

    code = "page_broken"
    retry = False
    sentence = _("This site sent something that cannot be read.")


class WrongTypeError(FetchError):
    """Not a type that is read: a video, a PDF, an archive."""

    code = "page_type"
    retry = False
    sentence = _("This is not a page of text, so it cannot be read here.")


class NoTextError(FetchError):
    """A page without text: a picture, or one that scripts would write."""

    code = "page_empty"
    retry = False
    sentence = _("There is no text on this page that can be read without its scripts.")


class UnreadableError(FetchError):
    """The reader gave up: over its time or memory, or it crashed."""

    code = "page_unreadable"
    retry = False
    sentence = _("This page is built in a way that cannot be read here.")


ERRORS: dict[str, type[FetchError]] = {
    error.code: error
    for error in (
        FetchError,
        RefusedAddressError,
        UnknownSiteError,
        UnreachableSiteError,
        CertificateError,
        SlowSiteError,
        CrowdedFetchError,
        RedirectError,
        PageNotFoundError,
        PageClosedError,
        SiteFaultError,
        BrokenResponseError,
        WrongTypeError,
        NoTextError,
        UnreadableError,
    )
}
