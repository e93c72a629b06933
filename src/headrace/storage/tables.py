"""The tables, as migrations are compared with. Amounts are milli-credits, times are seconds since 1970.

Only migrations import this: the statements that run are SQL text beside the code that runs them.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("created_at", Float, nullable=False),
    # Cached sums of the account's ledger entries; `ledger verify` recomputes them.
    Column("available", BigInteger, CheckConstraint("available >= 0", name="available"), nullable=False),
    Column("held", BigInteger, CheckConstraint("held >= 0", name="held"), nullable=False),
    # The latest of the account's consents, written in the same transaction.
    Column("consents_personal_email", Boolean, nullable=False),
    Column("phone_countries", Text, nullable=False),
    Column("validation", String, nullable=False),
    Column("email_status_vocabulary", String, nullable=False),
    Column("accept_risky", Boolean, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String, primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False, index=True),
    Column("digest", LargeBinary, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("revoked_at", Float),
)

# Append-only: a withdrawal is a new row.
consents = Table(
    "consents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False, index=True),
    Column("document", String, nullable=False),
    Column("action", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("at", Float, nullable=False),
)

# Immutable. Each row moves `amount` between two of the account's purses, named by `kind` (see `ledger`);
# the key lets each step of an operation happen once.
ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column("operation_id", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("amount", BigInteger, CheckConstraint("amount >= 0", name="amount"), nullable=False),
    Column("at", Float, nullable=False),
    sqlite_with_rowid=False,
)

enrichments = Table(
    "enrichments",
    metadata,
    Column("id", String, primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("state", String, nullable=False),  # running | finished | released
    Column("owner", String, nullable=False),
    Column("held", BigInteger, nullable=False),
    Column("charged", BigInteger, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("finished_at", Float),
    Column("request", LargeBinary),
    Column("custom", LargeBinary),
    Column("results", LargeBinary),
    Column("attempts", LargeBinary),
)
Index("ix_enrichments_running", enrichments.c.owner, sqlite_where=text("state = 'running'"))

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", String, primary_key=True),
    Column("enrichment_id", ForeignKey("enrichments.id"), nullable=False, index=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("url", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("state", String, nullable=False),  # queued
    Column("created_at", Float, nullable=False),
)
