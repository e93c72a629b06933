"""Work that outlives a request and a crash. The only module that knows the engine underneath, DBOS.

A job is a name and a subject: `webhooks` for batch `b_1`, `bulk` for account `a_1`. These two words are all
that is written down here; what there is to do, and how far it got, stands in Headrace's own tables. A handler
looks there, and may be run again at any time: after a crash, by another process, or for nothing.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog

from headrace.domain.errors import Problem
from headrace.jobs import engine_log, system_database
from headrace.jobs.trying import Handler, until_done

# The engine takes a second to import, and much memory: only who launches it pays.
# ruff: noqa: PLC0415
if TYPE_CHECKING:
    from dbos import DBOSClient, EnqueueOptions, WorkflowStatus
    from sqlalchemy import Engine

VERSION = "1"
"""Of the jobs' form. A process takes up only jobs of its own version."""

APPLICATION = "headrace"
QUEUE = "jobs"

POLL = 0.5
"""Seconds between two looks at the queue: half of it is the usual wait, and each look costs 9 ms of CPU."""

CONCURRENCY = 200
"""Most jobs that one process runs at once. A job that waits costs a task, not a thread."""

THREADS = 8
"""For the engine's reads and writes."""

LOST = 60.0
"""Seconds after which a job that is ours, but that we do not run, counts as lost: the claim was committed,
and the connection broke before we heard."""

PLACES = ("a", "b")
"""How many jobs of one name and subject there may be: one that runs, and one that waits for it to end."""

_BATCH = 500

log = structlog.get_logger()


class Durable:
    """One per process.

    Jobs of one name and subject never run at the same time, anywhere in the fleet. Others run side by side.
    """

    def __init__(
        self, url: str, executor: str, handlers: Mapping[str, Handler], loop: asyncio.AbstractEventLoop
    ) -> None:
        """`url` is `sqlite:///file`, a file of its own, or `postgresql://...`, where the tables stand in the
        schema `dbos`. `executor` names this process and stays the same when it restarts. Without `handlers`
        the process only enqueues; else it needs those of every job."""
        self.executor = executor
        self._url = url
        self._handlers = handlers
        self._loop = loop
        self._running: set[str] = set()
        self._database: Engine
        self._client: DBOSClient

    def launch(self) -> None:
        """Migrate the database, take up what this executor left unfinished, and listen. Blocks for seconds.
        Raises `Problem(storage_unavailable)`."""
        with _storage():
            self._database = system_database.connect(self._url)
            try:
                self._start()
            except BaseException:
                self._shut(0)
                raise

    def enqueue(self, job: str, subject: str) -> None:
        """Have `job` run for `subject`, here or on another process. Blocks for milliseconds.

        The run sees what was committed before this call: when one is under way, another follows it. With both
        there already, nothing is added. Raises `Problem(storage_unavailable)`.
        """
        from dbos import error

        key = f"{job}:{subject}"
        for place in PLACES:
            options: EnqueueOptions = {
                "workflow_name": job,
                "queue_name": QUEUE,
                "app_version": VERSION,
                "queue_partition_key": key,
                "deduplication_id": f"{key}:{place}",
            }
            try:
                with _storage():
                    self._client.enqueue(options, subject)
            except error.DBOSQueueDeduplicatedError:
                continue
            return

    def executors(self) -> set[str]:
        """Those that have jobs under way, or had when they died."""
        return {job.executor_id for job in self._list(status="PENDING") if job.executor_id}

    def resume_jobs_of(self, executor: str) -> int:
        """Put what a dead executor was doing back into the queue; returns how many jobs that were.

        Of our own, only what was lost: claimed long ago, and yet not running here.
        """
        before = _ago(LOST) if executor == self.executor else None
        jobs = self._list(status="PENDING", executor_id=executor, dequeued_before=before)
        left = [job.workflow_id for job in jobs if job.workflow_id not in self._running]
        if left:
            with _storage():
                self._client.resume_workflows(left, queue_name=QUEUE)
        return len(left)

    def forget_finished(self, older_than_seconds: float) -> int:
        """Delete jobs that ended, well or badly, that long ago; returns how many."""
        ended = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
        before = _ago(older_than_seconds)
        forgotten = 0
        while jobs := self._list(status=ended, completed_before=before, limit=_BATCH):
            with _storage():
                self._client.delete_workflows([job.workflow_id for job in jobs])
            forgotten += len(jobs)
        return forgotten

    def stop(self, seconds: float) -> None:
        """Begin nothing more, and let what runs finish. What is not done after `seconds` (rounded up) is
        cancelled, and runs again when this executor returns or another one takes over."""
        self._shut(math.ceil(seconds) if self._is_busy() else 0)

    def _start(self) -> None:
        from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer

        engine_log.redirect()
        serializer = DBOSPortableJSONSerializer()  # the default is pickle, which runs what it reads
        DBOS(
            config={
                "name": APPLICATION,
                "application_version": VERSION,
                "executor_id": self.executor,
                "system_database_engine": self._database,
                "serializer": serializer,
                "use_listen_notify": False,  # for messages between workflows, which we do not send
                "notification_listener_polling_interval_sec": 0.2,  # also theirs; stopping waits for it
                "max_executor_threads": THREADS,
                "log_level": "WARNING",
                "enable_otlp": False,
            }
        )
        for job in self._handlers:
            DBOS.workflow(name=job)(self._workflow(job))
        if not self._handlers:
            DBOS.listen_queues([])
        DBOS.launch()
        DBOS.register_queue(
            QUEUE, worker_concurrency=CONCURRENCY, partition_concurrency=1, polling_interval_sec=POLL
        )
        # A client says when the database is away, where DBOS itself would wait until it is back; and it lets
        # jobs be both partitioned and deduplicated.
        self._client = DBOSClient(
            system_database_engine=self._database,
            serializer=serializer,
            application_name=APPLICATION,
            retry_connection_errors=False,
        )

    def _workflow(self, job: str) -> Callable[[str], Awaitable[None]]:
        """What DBOS runs, in an event loop of its own. It has no steps: they would remember what was done, as
        our tables do, and double the cost."""
        from dbos import DBOS

        async def work(subject: str) -> None:
            name = str(DBOS.workflow_id)
            self._running.add(name)
            try:
                await self._run(job, subject)
            finally:
                self._running.discard(name)

        return work

    async def _run(self, job: str, subject: str) -> None:
        tries = until_done(job, self._handlers[job], subject)
        try:
            future = asyncio.run_coroutine_threadsafe(tries, self._loop)
        except RuntimeError:  # the loop is closed. A job that fails is over, one that is cancelled is left
            tries.close()
            raise asyncio.CancelledError from None
        await asyncio.wrap_future(future)

    def _is_busy(self) -> bool:
        try:
            return bool(self._list(status="PENDING", executor_id=self.executor, limit=1))
        except Problem:
            return bool(self._running)

    def _shut(self, seconds: int) -> None:
        from dbos import DBOS

        engine_log.mute()
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=seconds)
        self._database.dispose()

    def _list(self, **which: Any) -> "list[WorkflowStatus]":
        with _storage():
            return self._client.list_workflows(**which, load_input=False, load_output=False)


def _ago(seconds: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()


@contextmanager
def _storage() -> Iterator[None]:
    """Turns the database's errors into ours."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except SQLAlchemyError as error:
        log.error("jobs_unavailable", error=type(error).__name__)
        raise Problem("storage_unavailable", retry_after=1) from error
