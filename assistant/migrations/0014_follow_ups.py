from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assistant', '0013_shared_sources'),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='follow_ups',
            field=models.JSONField(null=True),
        ),
    ]
