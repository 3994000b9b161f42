from django.db import migrations, models


class Migration(migrations.Migration):
    """What the model thought before it answered. With defaults of the database, for processes of an older version."""

    dependencies = [
        ('assistant', '0007_conversation_shares'),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='reasoned_seconds',
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name='run',
            name='reasoning',
            field=models.TextField(blank=True, db_default='', default=''),
        ),
    ]
