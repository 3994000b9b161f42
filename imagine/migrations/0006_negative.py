from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("imagine", "0005_drawn"),
    ]

    operations = [
        migrations.AddField(
            model_name="picture",
            name="negative",
            field=models.TextField(blank=True, default=""),
            preserve_default=False,
        ),
    ]
