"""What is due or under way is found without passing what was done long ago."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_TABLE = "webhook_deliveries"


def upgrade() -> None:
    _again("due", ["next_at"], "state = 'pending' AND batch IS NULL")
    _again("batch", ["batch"], "batch IS NOT NULL")
    _again("account_id", ["account_id", "created_at", "id"])
    running = sa.text("state = 'running'")
    op.create_index(
        "ix_idempotency_keys_running",
        "idempotency_keys",
        ["owner"],
        sqlite_where=running,
        postgresql_where=running,
    )


def downgrade() -> None:
    op.drop_index("ix_idempotency_keys_running", "idempotency_keys")
    _again("account_id", ["account_id"])
    _again("batch", ["batch"])
    _again("due", ["next_at"], "state = 'pending'")


def _again(name: str, columns: list[str], where: str | None = None) -> None:
    """The index of that name, of these columns and rows."""
    rows = None if where is None else sa.text(where)
    op.drop_index(f"ix_{_TABLE}_{name}", _TABLE)
    op.create_index(f"ix_{_TABLE}_{name}", _TABLE, columns, sqlite_where=rows, postgresql_where=rows)
