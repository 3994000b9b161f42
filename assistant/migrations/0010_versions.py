import uuid
from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import OuterRef, Q, Subquery

BATCH = 1000


def fill(apps: Any, schema_editor: Any) -> None:
    """Each message gets its parent. What an edit or a new answer had replaced becomes an earlier version of that."""
    messages = apps.get_model('assistant', 'Message').objects.using(schema_editor.connection.alias)
    before = messages.filter(conversation=OuterRef('conversation'), position__lt=OuterRef('position'))
    messages.update(parent=Subquery(before.order_by('-position').values('id')[:1]))
    branched = messages.exclude(replaced_by=None).values_list('conversation', flat=True).order_by().distinct()
    for conversation in list(branched):
        rows = list(messages.filter(conversation=conversation).order_by('position').defer('text'))
        grow(rows)
        messages.bulk_update(rows, ['parent', 'chosen', 'shown'], BATCH)
    if schema_editor.connection.vendor == 'postgresql':
        # It alters no table whose foreign keys are still to be checked.
        schema_editor.execute('SET CONSTRAINTS ALL IMMEDIATE')


def grow(rows: list[Any]) -> None:
    """Build the tree of a conversation as it came about: its messages in the order of their creation."""
    replaced: dict[uuid.UUID, Any] = {}
    for row in rows:
        # The first of those that went for a message is what it is a version of; the others came after that.
        replaced.setdefault(row.replaced_by_id, row)
    path: list[Any] = []
    for row in rows:
        old = replaced.get(row.id)
        if old is None:
            row.parent_id = path[-1].id if path else None
        else:
            row.parent_id = old.parent_id
            path = [one for one in path if one.position < old.position]
        path.append(row)
    shown = {row.id for row in path}
    newest = {row.parent_id: row.id for row in rows}
    for row in rows:
        row.chosen, row.shown = newest[row.parent_id] == row.id, row.id in shown


class Migration(migrations.Migration):
    """Makes a conversation a tree: parents in place of what replaced a message."""

    dependencies = [
        ('assistant', '0009_attachments'),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='parent',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='children', to='assistant.message'),
        ),
        migrations.AddField(
            model_name='message',
            name='chosen',
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name='message',
            name='shown',
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name='run',
            name='revision',
            field=models.CharField(blank=True, choices=[('', 'none'), ('shorter', 'Shorter'), ('longer', 'Longer'), ('simpler', 'Simpler'), ('continue', 'Continue')], default='', max_length=16),
        ),
        migrations.AddField(
            model_name='run',
            name='client_id',
            field=models.UUIDField(null=True),
        ),
        migrations.RunPython(fill),
        migrations.RemoveField(
            model_name='message',
            name='replaced_by',
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(condition=Q(chosen=True), fields=('parent',), name='one_chosen_version'),
        ),
    ]
