from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0020_transfers_of_before"),
    ]

    operations = [
        migrations.AlterField(
            model_name="officernews",
            name="why",
            field=models.CharField(
                choices=[
                    ("came", "came to your body"),
                    ("triage", "to be routed"),
                    ("charged", "you are in charge now"),
                    ("sent_back", "a draft came back to you"),
                    ("review", "a reply waits for approval"),
                    ("note", "somebody else added a note"),
                    ("answered", "the reporter has answered"),
                    ("offered", "another body offers it to yours"),
                    ("taken", "another body took it over"),
                    ("refused", "another body refused to take it over"),
                    ("part", "another body asks for your part"),
                    ("part_done", "another body answered its part"),
                    ("soon", "due soon"),
                    ("overdue", "overdue"),
                    ("escalated", "overdue, and passed up to you"),
                    ("silent", "closed: the reporter did not answer"),
                ],
                max_length=10,
            ),
        ),
    ]
