"""What the webhook is compared with: the same site and middleware, and a view that does nothing but store the body.

As the module of settings (DJANGO_SETTINGS_MODULE=benchmarks.bare_webhook) it adds that view to the site.
"""

from web.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.bare_urls"
