from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Takes the owner out of conversations. In a migration of its own: PostgreSQL alters no table with open triggers."""

    dependencies = [
        ('assistant', '0004_owners_become_members'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='conversation',
            name='assistant_c_person__29d524_idx',
        ),
        migrations.RemoveField(
            model_name='conversation',
            name='person',
        ),
        migrations.AddField(
            model_name='conversation',
            name='members',
            field=models.ManyToManyField(related_name='conversations', through='assistant.Member', to=settings.AUTH_USER_MODEL),
        ),
    ]
