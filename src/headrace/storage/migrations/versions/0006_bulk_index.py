"""Enrichments that belong to no bulk, which are most, are in no index of bulks."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_NAME, _TABLE = "ix_enrichments_bulk_id", "enrichments"


def upgrade() -> None:
    of_bulks = sa.text("bulk_id IS NOT NULL")
    op.drop_index(_NAME, _TABLE)
    op.create_index(_NAME, _TABLE, ["bulk_id"], sqlite_where=of_bulks, postgresql_where=of_bulks)


def downgrade() -> None:
    op.drop_index(_NAME, _TABLE)
    op.create_index(_NAME, _TABLE, ["bulk_id"])
