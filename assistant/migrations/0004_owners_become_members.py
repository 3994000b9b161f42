from itertools import islice

from django.db import migrations
from django.db.models import OuterRef, Subquery

BATCH = 1000


def fill(apps, schema_editor):
    """The owner of each conversation becomes its member, and the one who asked for its runs."""
    database = schema_editor.connection.alias
    models = (apps.get_model('assistant', name) for name in ('Conversation', 'Member', 'Run'))
    conversations, members, runs = (model.objects.using(database) for model in models)
    owned = conversations.values_list('id', 'person_id', 'created_at').iterator(BATCH)
    while batch := list(islice(owned, BATCH)):
        members.bulk_create(
            members.model(conversation_id=conversation, person_id=person, joined_at=created_at)
            for conversation, person, created_at in batch
        )
    runs.update(person=Subquery(conversations.filter(id=OuterRef('conversation')).values('person')))


class Migration(migrations.Migration):

    dependencies = [
        ('assistant', '0003_members'),
    ]

    operations = [
        migrations.RunPython(fill),
    ]
