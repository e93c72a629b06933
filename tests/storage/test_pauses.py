"""Which mail hosts are left alone, on both databases."""

from headrace.mail.catchall import Finding
from headrace.mail.evidence import Result
from headrace.mail.pauses import Pause
from headrace.storage.catch_all import SqlFindings
from headrace.storage.opening import Storage
from headrace.storage.pauses import SqlPauses
from tests.storage.backends import Backend
from tests.storage.clocks import SetClock

LONG, SHORT = Pause("blocked_earlier", 1060.0), Pause("busy_earlier", 1030.0)


async def test_a_pause_holds_under_both_names_until_it_is_over(storage: Storage) -> None:
    clock = SetClock(1000.0)
    pauses = SqlPauses(storage.database, storage.vault, clock)
    assert await pauses.of(("a", "b")) is None
    await pauses.begin(("a", "b"), LONG)
    other = SqlPauses(storage.database, storage.vault, clock)
    assert [await other.of(names) for names in (("a", "x"), ("x", "b"), ("x", "y"))] == [LONG, LONG, None]
    clock.now = 1060.0
    assert await other.of(("a", "b")) is None


async def test_the_longer_one_stands(storage: Storage) -> None:
    pauses = SqlPauses(storage.database, storage.vault, SetClock(1000.0))
    await pauses.begin(("a", "b"), LONG)
    await pauses.begin(("b", "c"), SHORT)
    assert [await pauses.of(names) for names in (("b", "c"), ("c", "d"))] == [LONG, SHORT]


async def test_no_name_is_kept_and_none_for_longer_than_it_counts(storage: Storage, backend: Backend) -> None:
    clock = SetClock(1000.0)
    pauses = SqlPauses(storage.database, storage.vault, clock)
    findings = SqlFindings(storage.database, storage.vault, clock)
    await pauses.begin(("mx.acme.example", "192.0.2.1"), LONG)
    kept = [bytes(name) for (name,) in backend.rows("SELECT name FROM catch_all")]
    assert sorted(kept) == sorted(
        storage.vault.digest(f"pauses:{name}") for name in ("mx.acme.example", "192.0.2.1")
    )
    clock.now = 1060.0
    await findings.put("acme.example mx", Finding(Result.YES, "accepts_invented_addresses", 1060.0), 60.0)
    assert len(backend.rows("SELECT name FROM catch_all")) == 1
