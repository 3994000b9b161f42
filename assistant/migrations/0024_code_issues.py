from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assistant', '0023_api_keys'),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='code_issues',
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name='sharedmessage',
            name='code_issues',
            field=models.JSONField(null=True),
        ),
    ]
