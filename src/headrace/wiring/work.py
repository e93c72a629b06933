"""What does queued work, and where webhooks go."""

from functools import partial
from pathlib import Path
from socket import gethostname

from headrace.config import Settings, Webhooks
from headrace.engine.clock import SystemClock
from headrace.engine.enrich import Enricher
from headrace.jobs.contacts import Contacts
from headrace.jobs.deliver import AT_ONCE, Deliver
from headrace.jobs.worker import Handlers, Queues, Worker
from headrace.ports import Receiver
from headrace.storage.opening import Storage
from headrace.wiring.storage import retention_periods


def check_webhook(wanted: Webhooks, url: str) -> None:
    from headrace.transport.destination import check_url  # noqa: PLC0415

    check_url(url, allow_http=wanted.allow_http, allow_private=wanted.allow_private)


def make_receiver(settings: Settings) -> Receiver:
    """Where webhooks are posted through."""
    from headrace.transport.guarded import GuardedTransport  # noqa: PLC0415

    wanted = settings.webhooks
    return GuardedTransport(
        timeout=wanted.timeout,
        allow_http=wanted.allow_http,
        allow_private=wanted.allow_private,
        connections=AT_ONCE,
        ca_file=str(settings.ca_file) if settings.ca_file else None,
    )


def make_worker(settings: Settings, storage: Storage, enricher: Enricher) -> Worker:
    """What does queued work."""
    clock = SystemClock()
    parallel = settings.jobs.parallel
    contacts = Contacts(enricher, storage.enrichments, storage.accounts, parallel)
    deliver = Deliver(
        storage.webhooks,
        partial(make_receiver, settings),
        storage.suppressions.concern,
        settings.webhooks.schedule,
        clock,
    )
    return Worker(
        Queues(storage.enrichments, storage.webhooks),
        Handlers(contacts, deliver),
        _jobs_url(storage.location),
        lambda: storage.owner.take_seat(f"worker-{settings.jobs.name or gethostname()}"),
        storage.owner.is_alive,
        storage.owner.fence,
        [partial(storage.retention.purge, retention_periods(settings))],
        clock,
    )


def _jobs_url(location: Path | str) -> str:
    """A file of its own beside the database's, or the server's database itself."""
    return f"sqlite:///{location}.jobs" if isinstance(location, Path) else location
