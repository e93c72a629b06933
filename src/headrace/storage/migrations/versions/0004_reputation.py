"""How often sources are right, what became of addresses, and where an account's verdicts begin."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_THRESHOLDS = {"deliverable": "0.9", "catch_all": "0.8", "invalid": "0.2"}


def upgrade() -> None:
    with op.batch_alter_table("accounts") as batch:
        for name, usual in _THRESHOLDS.items():
            batch.add_column(sa.Column(name, sa.Float, nullable=False, server_default=usual))
    op.create_index("ix_patterns_updated_at", "patterns", ["updated_at"])
    op.create_table(
        "reputation",
        sa.Column("source", sa.String, nullable=False),
        sa.Column("word", sa.String, nullable=False),
        sa.Column("accept_all", sa.Boolean, nullable=False),
        sa.Column("present", sa.Float, nullable=False),
        sa.Column("absent", sa.Float, nullable=False),
        sa.Column("doubt", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("source", "word", "accept_all", name="pk_reputation"),
    )
    op.create_table(
        "outcomes",
        sa.Column("address", sa.LargeBinary, nullable=False),
        sa.Column("reported_at", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("address", name="pk_outcomes"),
    )
    op.create_index("ix_outcomes_reported_at", "outcomes", ["reported_at"])
    op.create_table(
        "calibration",
        sa.Column("step", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("delivered", sa.Float, nullable=False),
        sa.Column("bounced", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("step", name="pk_calibration"),
    )


def downgrade() -> None:
    for table in ("calibration", "outcomes", "reputation"):
        op.drop_table(table)
    op.drop_index("ix_patterns_updated_at", "patterns")
    with op.batch_alter_table("accounts") as batch:
        for name in _THRESHOLDS:
            batch.drop_column(name)
