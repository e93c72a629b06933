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
    false,
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
    # The version of the document that the latest consent was given to.
    Column("consent_version", String),
    # Seconds for which an answer, or a vendor's "nothing", may be used again; 0: never.
    Column("max_age", Float, nullable=False, server_default="0"),
    Column("miss_max_age", Float, nullable=False, server_default="0"),
    # Sealed JSON: the secrets that webhooks are signed with, newest first.
    Column("webhook_secrets", LargeBinary),
    # Where the verdicts of our own verifier begin, as probabilities that a mailbox exists.
    Column("deliverable", Float, nullable=False, server_default="0.9"),
    Column("catch_all", Float, nullable=False, server_default="0.8"),
    Column("invalid", Float, nullable=False, server_default="0.2"),
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

# Keys of operators; they open `/admin/v1` and nothing else.
admin_keys = Table(
    "admin_keys",
    metadata,
    Column("id", String, primary_key=True),
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
    Column("version", String, nullable=False, server_default="1"),
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

# `record` is sealed (see `vault`): whom it is about, what was found, the trace. It is gone once purged.
enrichments = Table(
    "enrichments",
    metadata,
    Column("id", String, primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("state", String, nullable=False),  # queued | running | finished | released
    Column("owner", String, nullable=False),
    Column("held", BigInteger, nullable=False),
    Column("charged", BigInteger, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("finished_at", Float),
    Column("mode", String, nullable=False, server_default="sync"),  # sync | async
    Column("bulk_id", ForeignKey("bulks.id")),
    Column("place", Integer, nullable=False, server_default="0"),  # within its bulk
    Column("record", LargeBinary),
    # In the queue: when it may be taken, and since when it has been put off as nobody could answer.
    Column("not_before", Float, nullable=False, server_default="0"),
    Column("put_off_since", Float),
    # A stop cut it off after it had heard something, which is among the answers.
    Column("goes_on", Boolean, nullable=False, server_default=false()),
)
_running, _queued = text("state = 'running'"), text("state = 'queued'")
Index("ix_enrichments_running", enrichments.c.owner, sqlite_where=_running, postgresql_where=_running)
Index(
    "ix_enrichments_queued",
    enrichments.c.account_id,
    enrichments.c.not_before,
    enrichments.c.created_at,
    enrichments.c.place,
    sqlite_where=_queued,
    postgresql_where=_queued,
)
_of_bulk = text("bulk_id IS NOT NULL")
Index("ix_enrichments_bulk_id", enrichments.c.bulk_id, sqlite_where=_of_bulk, postgresql_where=_of_bulk)
_kept = text("record IS NOT NULL")
Index("ix_enrichments_kept", enrichments.c.created_at, sqlite_where=_kept, postgresql_where=_kept)

bulks = Table(
    "bulks",
    metadata,
    Column("id", String, primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("total", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
)

# What is owed to a `webhook_url`; queued in the transaction that settles the enrichment. `record` is sealed:
# the URL and the body. `batch` names the job that has taken it on.
webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", String, primary_key=True),
    Column("enrichment_id", ForeignKey("enrichments.id"), nullable=False, index=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("endpoint", LargeBinary, nullable=False),
    Column("state", String, nullable=False),  # pending | delivered | failed | disabled | suppressed
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("base", Integer, nullable=False, server_default="0"),  # attempts made before the last replay
    Column("next_at", Float),
    Column("last_status", Integer),
    Column("last_error", String),
    Column("batch", String),
    Column("created_at", Float, nullable=False),
    Column("finished_at", Float),
    Column("record", LargeBinary),
)
Index(
    "ix_webhook_deliveries_account_id",
    webhook_deliveries.c.account_id,
    webhook_deliveries.c.created_at,
    webhook_deliveries.c.id,
)
# Most rows have been delivered, and are in neither of these.
_due = text("state = 'pending' AND batch IS NULL")
Index("ix_webhook_deliveries_due", webhook_deliveries.c.next_at, sqlite_where=_due, postgresql_where=_due)
_taken = text("batch IS NOT NULL")
Index("ix_webhook_deliveries_batch", webhook_deliveries.c.batch, sqlite_where=_taken, postgresql_where=_taken)

# One receiver of one account, by the keyed hash of its URL; there is a row once it has failed.
webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("account_id", ForeignKey("accounts.id"), primary_key=True),
    Column("endpoint", LargeBinary, primary_key=True),
    Column("first_failure_at", Float),
    Column("last_failure_at", Float),
    Column("disabled_at", Float),
)

# Answers to requests with an `Idempotency-Key`. `digest` is the keyed hash of scope and key, `fingerprint`
# that of what was asked; `answer` is sealed.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("state", String, nullable=False),  # running | done
    Column("owner", String, nullable=False),
    Column("enrichment_id", String, index=True),
    Column("status", Integer),
    Column("answer", LargeBinary),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False, index=True),
)
_under_way = text("state = 'running'")
Index(
    "ix_idempotency_keys_running",
    idempotency_keys.c.owner,
    sqlite_where=_under_way,
    postgresql_where=_under_way,
)

# Persons who must not be looked for, by keyed hashes of what identifies them.
suppressions = Table(
    "suppressions",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("kind", String, nullable=False),
    Column("source", String, nullable=False),
    Column("created_at", Float, nullable=False),
    sqlite_with_rowid=False,
)

# Which records are about whom, by the same hashes.
subjects = Table(
    "subjects",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("record_id", String, primary_key=True),
    sqlite_with_rowid=False,
)
Index("ix_subjects_record_id", subjects.c.record_id)

# What vendors answered, for use again within an account's `max_age`. `answer` is sealed. A refresh moves
# `obtained_at` only: how long something may be kept counts from `first_obtained_at`.
answers = Table(
    "answers",
    metadata,
    Column("question", LargeBinary, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("found", Boolean, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("obtained_at", Float, nullable=False),
    Column("first_obtained_at", Float, nullable=False, index=True),
)

# What addresses taught about the habits of a domain, by its keyed hash: counts, and no address.
patterns = Table(
    "patterns",
    metadata,
    Column("domain", LargeBinary, primary_key=True),
    Column("knowledge", Text, nullable=False),  # JSON
    Column("updated_at", Float, nullable=False, index=True),
)

# How often each source said which word, of mailboxes that turned out to exist or to be missing; nothing about
# any person. Newer words weigh more (see `reputation`), so that adding is all that happens.
reputation = Table(
    "reputation",
    metadata,
    Column("source", String, primary_key=True),
    Column("word", String, primary_key=True),
    Column("accept_all", Boolean, primary_key=True),  # at domains that accept everything
    Column("present", Float, nullable=False),
    Column("absent", Float, nullable=False),
    Column("doubt", Float, nullable=False),
)

# Addresses whose outcome was reported, by keyed hash, so that it counts once.
outcomes = Table(
    "outcomes",
    metadata,
    Column("address", LargeBinary, primary_key=True),
    Column("reported_at", Float, nullable=False, index=True),
)

# What became of addresses, by the probability that was stated for them (see `outcomes`).
calibration = Table(
    "calibration",
    metadata,
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("delivered", Float, nullable=False),
    Column("bounced", Float, nullable=False),
)

# The domains that a company writes from, by the keyed hash of its name. `domains` is sealed: each domain with
# how often and when it was confirmed, and no address.
companies = Table(
    "companies",
    metadata,
    Column("name", LargeBinary, primary_key=True),
    Column("domains", LargeBinary, nullable=False),
    Column("updated_at", Float, nullable=False, index=True),
)

# Whether a domain's mail host accepts everything, and which mail hosts are left alone for a while (`no`), by
# the keyed hash of their names.
catch_all = Table(
    "catch_all",
    metadata,
    Column("name", LargeBinary, primary_key=True),
    Column("result", String, nullable=False),  # yes | no | unknown
    Column("reason", String, nullable=False),
    Column("found_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False, index=True),
)

# What operators did, each row chained to the one before it.
audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("chain", LargeBinary, nullable=False),
)

# The link that the log begins with, which is the last of those that were purged, and its newest one.
audit_ends = Table(
    "audit_ends",
    metadata,
    Column("name", String, primary_key=True),  # first | last
    Column("entry", Integer, nullable=False),
    Column("chain", LargeBinary, nullable=False),
)

# Vendors' keys that were entered rather than configured; sealed.
vendor_keys = Table(
    "vendor_keys",
    metadata,
    Column("provider", String, primary_key=True),
    Column("credentials", LargeBinary, nullable=False),
    Column("updated_at", Float, nullable=False),
)

# What seals and hashes, where the settings do not say: a server's database has no file beside it.
secrets = Table(
    "secrets",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)
