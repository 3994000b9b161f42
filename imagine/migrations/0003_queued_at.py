from typing import Any

import django.utils.timezone
from django.db import migrations, models
from django.db.models import F


def fill(apps: Any, schema_editor: Any) -> None:
    """A picture of an older version waits since it was asked for."""
    pictures = apps.get_model("imagine", "Picture").objects.using(schema_editor.connection.alias)
    pictures.update(queued_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("imagine", "0002_see_picture"),
    ]

    operations = [
        migrations.AddField(
            model_name="picture",
            name="queued_at",
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
        migrations.RemoveIndex(
            model_name="picture",
            name="imagine_pic_status_ff2565_idx",
        ),
        migrations.AddIndex(
            model_name="picture",
            index=models.Index(fields=["status", "queued_at"], name="imagine_pic_status_b6fd29_idx"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
