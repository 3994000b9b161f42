import django.db.models.deletion
import django.utils.timezone
import imagine.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds links to conversations, with the copies that they show."""

    dependencies = [
        ('assistant', '0006_temporary_and_instructions'),
    ]

    operations = [
        migrations.CreateModel(
            name='ConversationShare',
            fields=[
                ('token', models.CharField(default=imagine.models.new_token, editable=False, max_length=40, primary_key=True, serialize=False)),
                ('shows_name', models.BooleanField(default=False)),
                ('title', models.CharField(blank=True, max_length=120, verbose_name='title')),
                ('length', models.PositiveIntegerField(verbose_name='messages')),
                ('until', models.PositiveIntegerField()),
                ('edition', models.PositiveIntegerField(default=1)),
                ('copied_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('ends_at', models.DateTimeField(db_index=True)),
                ('reported_at', models.DateTimeField(null=True)),
                ('report', models.TextField(blank=True)),
                ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='shares', to='assistant.conversation')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='conversation_shares', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'shared conversation',
                'verbose_name_plural': 'shared conversations',
            },
        ),
        migrations.CreateModel(
            name='SharedMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
                ('role', models.CharField(choices=[('user', 'person'), ('assistant', 'assistant')], max_length=16)),
                ('text', models.TextField(blank=True)),
                ('pictures', models.JSONField(default=list)),
                ('share', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='assistant.conversationshare')),
            ],
            options={
                'ordering': ['position'],
                'constraints': [models.UniqueConstraint(fields=('share', 'position'), name='one_shared_message_per_position')],
            },
        ),
    ]
