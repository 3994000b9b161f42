import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assistant', '0008_reasoning'),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='cut_files',
            field=models.JSONField(null=True),
        ),
        migrations.CreateModel(
            name='Attachment',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(blank=True, max_length=120, verbose_name='name')),
                ('text', models.TextField()),
                ('size', models.PositiveIntegerField(verbose_name='bytes')),
                ('length', models.PositiveIntegerField()),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('conversation', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='attachments', to='assistant.conversation')),
                ('messages', models.ManyToManyField(related_name='attachments', to='assistant.message')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attachments', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'attachment',
                'verbose_name_plural': 'attachments',
                'ordering': ['created_at', 'id'],
                'indexes': [models.Index(condition=models.Q(('conversation', None)), fields=['created_at'], name='unclaimed_attachments')],
            },
        ),
    ]
