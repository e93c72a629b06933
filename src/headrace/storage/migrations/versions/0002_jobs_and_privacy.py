"""Queued work, bulks, webhook attempts, idempotency, suppression, sealed records."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_PARTS = ("request", "custom", "results", "attempts")


def upgrade() -> None:
    _accounts()
    op.create_table(
        "bulks",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("account_id", sa.String, nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_bulks"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_bulks_account_id"),
    )
    _enrichments()
    _webhooks()
    _privacy()
    _own()
    op.create_table(
        "idempotency_keys",
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("enrichment_id", sa.String),
        sa.Column("status", sa.Integer),
        sa.Column("answer", sa.LargeBinary),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("expires_at", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_enrichment_id", "idempotency_keys", ["enrichment_id"])
    op.create_index("ix_idempotency_keys_expires_at", "idempotency_keys", ["expires_at"])
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("chain", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
    )
    op.create_table(
        "audit_ends",
        sa.Column("name", sa.String, nullable=False),
        sa.Column("entry", sa.Integer, nullable=False),
        sa.Column("chain", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_audit_ends"),
    )
    op.create_table(
        "vendor_keys",
        sa.Column("provider", sa.String, nullable=False),
        sa.Column("credentials", sa.LargeBinary, nullable=False),
        sa.Column("updated_at", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("provider", name="pk_vendor_keys"),
    )
    op.create_table(
        "secrets",
        sa.Column("name", sa.String, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_secrets"),
    )


def _accounts() -> None:
    with op.batch_alter_table("accounts") as batch:
        batch.add_column(sa.Column("consent_version", sa.String))
        batch.add_column(sa.Column("max_age", sa.Float, nullable=False, server_default="0"))
        batch.add_column(sa.Column("miss_max_age", sa.Float, nullable=False, server_default="0"))
        batch.add_column(sa.Column("webhook_secrets", sa.LargeBinary))
    op.execute("UPDATE accounts SET consent_version = '1' WHERE consents_personal_email")
    with op.batch_alter_table("consents") as batch:
        batch.add_column(sa.Column("version", sa.String, nullable=False, server_default="1"))
    op.create_table(
        "admin_keys",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("revoked_at", sa.Float),
        sa.PrimaryKeyConstraint("id", name="pk_admin_keys"),
    )


def _enrichments() -> None:
    with op.batch_alter_table("enrichments") as batch:
        batch.add_column(sa.Column("mode", sa.String, nullable=False, server_default="sync"))
        batch.add_column(sa.Column("bulk_id", sa.String))
        batch.add_column(sa.Column("place", sa.Integer, nullable=False, server_default="0"))
        batch.add_column(sa.Column("record", sa.LargeBinary))
        batch.create_foreign_key("fk_enrichments_bulk_id", "bulks", ["bulk_id"], ["id"])
    _gather_records()
    with op.batch_alter_table("enrichments") as batch:
        for part in _PARTS:
            batch.drop_column(part)
    queued = sa.text("state = 'queued'")
    op.create_index(
        "ix_enrichments_queued",
        "enrichments",
        ["account_id", "created_at", "place"],
        sqlite_where=queued,
        postgresql_where=queued,
    )
    op.create_index("ix_enrichments_bulk_id", "enrichments", ["bulk_id"])
    kept = sa.text("record IS NOT NULL")
    op.create_index(
        "ix_enrichments_kept", "enrichments", ["created_at"], sqlite_where=kept, postgresql_where=kept
    )


def _gather_records() -> None:
    """Four columns become one JSON text. It is sealed by the next `headrace db rotate-keys`."""
    connection = op.get_bind()
    table = sa.table("enrichments", sa.column("id"), sa.column("record"), *map(sa.column, _PARTS))
    rows = connection.execute(sa.select(table).where(table.c.results.is_not(None)))
    for row in rows.all():
        parts = [b'"%b":%b' % (part.encode(), getattr(row, part)) for part in _PARTS if getattr(row, part)]
        record = b"{%b}" % b",".join(parts)  # the client's own object stays as it was written
        connection.execute(table.update().where(table.c.id == row.id).values(record=record))


def _webhooks() -> None:
    op.drop_table("webhook_deliveries")  # nothing has ever been delivered from it
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("enrichment_id", sa.String, nullable=False),
        sa.Column("account_id", sa.String, nullable=False),
        sa.Column("endpoint", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("base", sa.Integer, nullable=False, server_default="0"),
        sa.Column("next_at", sa.Float),
        sa.Column("last_status", sa.Integer),
        sa.Column("last_error", sa.String),
        sa.Column("batch", sa.String),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("finished_at", sa.Float),
        sa.Column("record", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
        sa.ForeignKeyConstraint(
            ["enrichment_id"], ["enrichments.id"], name="fk_webhook_deliveries_enrichment_id"
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_webhook_deliveries_account_id"),
    )
    for column in ("enrichment_id", "account_id", "batch"):
        op.create_index(f"ix_webhook_deliveries_{column}", "webhook_deliveries", [column])
    pending = sa.text("state = 'pending'")
    op.create_index(
        "ix_webhook_deliveries_due",
        "webhook_deliveries",
        ["next_at"],
        sqlite_where=pending,
        postgresql_where=pending,
    )
    op.create_table(
        "webhook_endpoints",
        sa.Column("account_id", sa.String, nullable=False),
        sa.Column("endpoint", sa.LargeBinary, nullable=False),
        sa.Column("first_failure_at", sa.Float),
        sa.Column("disabled_at", sa.Float),
        sa.PrimaryKeyConstraint("account_id", "endpoint", name="pk_webhook_endpoints"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_webhook_endpoints_account_id"),
    )


def _privacy() -> None:
    op.create_table(
        "suppressions",
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_suppressions"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "subjects",
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("record_id", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("digest", "record_id", name="pk_subjects"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_subjects_record_id", "subjects", ["record_id"])
    op.create_table(
        "answers",
        sa.Column("question", sa.LargeBinary, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("found", sa.Boolean, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column("obtained_at", sa.Float, nullable=False),
        sa.Column("first_obtained_at", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("question", name="pk_answers"),
        sa.UniqueConstraint("id", name="uq_answers_id"),
    )
    op.create_index("ix_answers_first_obtained_at", "answers", ["first_obtained_at"])


def _own() -> None:
    op.create_table(
        "patterns",
        sa.Column("domain", sa.LargeBinary, nullable=False),
        sa.Column("knowledge", sa.Text, nullable=False),
        sa.Column("updated_at", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("domain", name="pk_patterns"),
    )
    op.create_table(
        "catch_all",
        sa.Column("name", sa.LargeBinary, nullable=False),
        sa.Column("result", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("found_at", sa.Float, nullable=False),
        sa.Column("expires_at", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_catch_all"),
    )
    op.create_index("ix_catch_all_expires_at", "catch_all", ["expires_at"])


def downgrade() -> None:
    """What was sealed stays behind: an older version could not read it."""
    for table in ("secrets", "vendor_keys", "audit_ends", "audit_log", "answers", "subjects", "suppressions"):
        op.drop_table(table)
    for table in ("patterns", "catch_all", "idempotency_keys", "webhook_endpoints", "webhook_deliveries"):
        op.drop_table(table)
    _old_webhooks()
    for index in ("queued", "bulk_id", "kept"):
        op.drop_index(f"ix_enrichments_{index}", "enrichments")
    with op.batch_alter_table("enrichments") as batch:
        batch.drop_constraint("fk_enrichments_bulk_id", type_="foreignkey")
        for column in ("mode", "bulk_id", "place", "record"):
            batch.drop_column(column)
        for part in _PARTS:
            batch.add_column(sa.Column(part, sa.LargeBinary))
    op.drop_table("bulks")
    op.drop_table("admin_keys")
    with op.batch_alter_table("consents") as batch:
        batch.drop_column("version")
    with op.batch_alter_table("accounts") as batch:
        for column in ("consent_version", "max_age", "miss_max_age", "webhook_secrets"):
            batch.drop_column(column)


def _old_webhooks() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("enrichment_id", sa.String, nullable=False),
        sa.Column("account_id", sa.String, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
        sa.ForeignKeyConstraint(
            ["enrichment_id"], ["enrichments.id"], name="fk_webhook_deliveries_enrichment_id"
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_webhook_deliveries_account_id"),
    )
    op.create_index("ix_webhook_deliveries_enrichment_id", "webhook_deliveries", ["enrichment_id"])
