"""Why code was not scanned. No person reads of it: what was not scanned is shown without a mark."""


class ShieldError(Exception):
    """Code Shield is off, away, too slow, or says what cannot be read."""


class UnfitShieldError(ShieldError):
    """It runs, and does not find what it must find."""
