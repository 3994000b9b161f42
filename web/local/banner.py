"""What the operator reads when everything runs."""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

# The woven band: cochineal, saffron, undyed, indigo, moss.
BAND = [(179, 34, 79), (217, 142, 4), (231, 228, 221), (51, 70, 143), (92, 122, 61)]
SOCIAL_NAMES = {"google": "Google", "github": "GitHub", "facebook": "Facebook"}


@dataclass(frozen=True)
class Report:
    """What runs, and where. `model` is a few lines, `off` names things with the settings that help."""

    address: str
    listening: str
    model: list[str]
    embedded: list[str]
    external: list[str]
    off: list[str]
    data: Path


def banner(report: Report, color: bool) -> str:
    """The text to print; `color` adds the band."""
    rows = [
        ("Open", [report.address]),
        ("Listening", [] if report.listening in report.address else [f"on {report.listening}"]),
        ("Model", report.model),
        ("Embedded", [", ".join(report.embedded)] if report.embedded else []),
        ("External", [", ".join(report.external)] if report.external else []),
        ("Off", report.off),
        ("Data", [f"{report.data}, logs in {report.data / 'log'}"]),
    ]
    lines = [line for name, texts in rows for line in row(name, texts)]
    return "\n".join(
        ["", f"  {band() if color else ''}Chaski is running.", "", *lines, "", "  Press Ctrl-C to stop.", ""]
    )


def row(name: str, texts: list[str]) -> list[str]:
    """`texts` under each other, the first beside `name`."""
    return [f"  {label:<11}{text}" for label, text in zip([name] + [""] * len(texts), texts, strict=False)]


def band() -> str:
    """Five coloured blocks, for a terminal."""
    return "".join(f"\x1b[48;2;{red};{green};{blue}m  " for red, green, blue in BAND) + "\x1b[0m  "


def switched_off() -> list[str]:
    """Each feature that is off, with the setting that switches it on."""
    off = {
        "mail, so no password can be reset (EMAIL_URL)": settings.EMAIL_BACKEND.endswith("console.EmailBackend"),
        "passkeys (PASSKEYS)": not settings.PASSKEYS,
        "HTTPS, so only this machine should use it (SITE_URL)": not settings.HTTPS,
    }
    social = [
        f"sign in with {SOCIAL_NAMES.get(name, name)} (SOCIAL_{name.upper()})"
        for name in settings.SOCIAL_HOSTS
        if name not in settings.SOCIAL_PROVIDERS
    ]
    return [name for name, is_off in off.items() if is_off] + social
