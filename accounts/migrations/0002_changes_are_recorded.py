from django.db import migrations

from audit.triggers import recorded


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_user"), ("audit", "0001_changes")]
    operations = [
        # Signing in is no change; of passwords and addresses only that they were changed
        recorded("accounts_user", left_out=["last_login", "date_joined"], masked=["password", "email"]),
        recorded("accounts_user_groups", key="user_id"),
        recorded("accounts_user_user_permissions", key="user_id"),
    ]
