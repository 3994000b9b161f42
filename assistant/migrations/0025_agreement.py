from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assistant', '0024_code_issues'),
    ]

    operations = [
        migrations.AddField(
            model_name='person',
            name='agreed_at',
            field=models.DateTimeField(null=True, verbose_name='agreed'),
        ),
        migrations.AddField(
            model_name='person',
            name='agreed_to',
            field=models.CharField(blank=True, db_default='', default='', max_length=60),
        ),
    ]
