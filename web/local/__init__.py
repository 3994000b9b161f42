"""The servers that `manage.py start` runs on this machine, one for each address that is not set."""
