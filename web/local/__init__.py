"""Run the product on one machine: `manage.py start`, with an embedded server for each address that is not set."""
