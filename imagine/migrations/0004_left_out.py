from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("imagine", "0003_queued_at"),
    ]

    operations = [
        migrations.AddField(
            model_name="picture",
            name="left_out",
            field=models.TextField(blank=True, default=""),
            preserve_default=False,
        ),
    ]
