from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assistant', '0005_conversations_without_owner'),
    ]

    operations = [
        migrations.AddField(
            model_name='person',
            name='instructions',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='conversation',
            name='temporary',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='conversation',
            name='alive_until',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name='conversation',
            index=models.Index(
                condition=models.Q(('temporary', True)), fields=['alive_until'], name='temporary_conversations'
            ),
        ),
    ]
