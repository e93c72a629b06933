"""A queued contact can be put off, and goes on with what it had heard before a stop."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_NAME, _TABLE = "ix_enrichments_queued", "enrichments"
_QUEUED = sa.text("state = 'queued'")


def upgrade() -> None:
    op.drop_index(_NAME, _TABLE)
    with op.batch_alter_table(_TABLE) as batch:
        batch.add_column(sa.Column("not_before", sa.Float, nullable=False, server_default="0"))
        batch.add_column(sa.Column("put_off_since", sa.Float))
        batch.add_column(sa.Column("goes_on", sa.Boolean, nullable=False, server_default=sa.false()))
    _index("account_id", "not_before", "created_at", "place")


def downgrade() -> None:
    op.drop_index(_NAME, _TABLE)
    with op.batch_alter_table(_TABLE) as batch:
        batch.drop_column("goes_on")
        batch.drop_column("put_off_since")
        batch.drop_column("not_before")
    _index("account_id", "created_at", "place")


def _index(*columns: str) -> None:
    op.create_index(_NAME, _TABLE, list(columns), sqlite_where=_QUEUED, postgresql_where=_QUEUED)
