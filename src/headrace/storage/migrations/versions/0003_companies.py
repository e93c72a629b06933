"""The domains that companies write from, as far as earlier enrichments confirmed them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "companies",
        sa.Column("name", sa.LargeBinary, nullable=False),
        sa.Column("domains", sa.LargeBinary, nullable=False),
        sa.Column("updated_at", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_companies"),
    )
    op.create_index("ix_companies_updated_at", "companies", ["updated_at"])


def downgrade() -> None:
    op.drop_table("companies")
