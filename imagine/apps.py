from django.apps import AppConfig


class ImagineConfig(AppConfig):
    name = "imagine"
    verbose_name = "Pictures"
