from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("imagine", "0004_left_out"),
    ]

    operations = [
        migrations.AddField(
            model_name="picture",
            name=name,
            field=models.TextField(blank=True, default=""),
            preserve_default=False,
        )
        for name in ("drawn", "drawn_words")
    ]
