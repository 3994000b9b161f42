#!/usr/bin/env python3
"""Django's command line. `python manage.py start` runs the whole product on this machine."""

import os
import sys


def main() -> None:
    if sys.argv[1:2] == ["start"]:
        from web.local import forks

        forks.begin()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "web.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from environs import EnvError

    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, EnvError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
