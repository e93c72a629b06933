"""Keys are rotated while servers run: nobody notices, and the old keys open nothing any more."""

import asyncio
import json
import sys
from itertools import count
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import LargeBinary
from typer.testing import CliRunner

from headrace.cli.main import app
from headrace.engine.clock import SystemClock
from headrace.engine.own.knowing import Lesson
from headrace.operate.model import Secret
from headrace.operate.ports import OPERATOR
from headrace.ports import Claim
from headrace.storage import rotation
from headrace.storage.database import Statement, Steps
from headrace.storage.errors import Unusable
from headrace.storage.opening import Storage, open_storage
from headrace.storage.rotation import Rotated, Rotation
from headrace.storage.sealed_columns import SEALED
from headrace.storage.sealing import Sealer, new_key
from headrace.storage.tables import metadata
from headrace.storage.vault import ConfiguredKeys, Vault
from tests.cli.running import HEADRACE, clean, serving
from tests.privacy.people import ADA, BOB, enriched, remembered
from tests.stack import SEED
from tests.storage.backends import Backend, SqliteBackend
from tests.storage.making import account, until
from tests.storage.opened import location_of

HASHES = {"digest", "endpoint", "fingerprint", "question", "chain"}
HASHED_NAMES = {("catch_all", "name"), ("companies", "name"), ("outcomes", "address"), ("patterns", "domain")}


def rotating(storage: Storage) -> Rotation:
    return Rotation(storage.database, storage.vault, storage.owner.fence, storage.audit_log)


async def filled(storage: Storage) -> tuple[str, str]:
    """Something in every sealed column; the ids of an account and of an enrichment."""
    acme = await account(storage, credits=900_000_000)
    enrichment_id = await enriched(storage, acme, ADA, webhook=True, key="k1")
    for _ in range(250):
        await enriched(storage, acme, BOB, found=False)
    await remembered(storage, ADA, at=1.0)
    await storage.knowledge.learn(Lesson("Jane", "Doe", "jane.doe", "acme.example", 1.0, 1.0, "Acme"))
    await storage.webhooks.change_secrets(acme.id, lambda _known, _now: [Secret("whsec_one")])
    await storage.database.write(lambda: _vendor_key(storage.vault.seal(b"{}")))
    return acme.id, enrichment_id


def _vendor_key(sealed: bytes) -> Steps[None]:
    row = {"name": "hunter", "sealed": sealed, "at": 1.0}
    sql = "INSERT INTO vendor_keys (provider, credentials, updated_at) VALUES (:name, :sealed, :at)"
    yield Statement(sql, row)


def sealed_in(backend: Backend) -> list[bytes]:
    found = []
    for each in SEALED:
        rows = backend.rows(f"SELECT {each.column} FROM {each.table} WHERE {each.column} IS NOT NULL")
        assert rows, each
        found += [bytes(row[0]) for row in rows]
    return found


def test_every_column_of_bytes_is_sealed_or_a_hash() -> None:
    columns = {
        (table.name, column.name)
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary) and column.name not in HASHES
    }
    assert {(each.table, each.column) for each in SEALED} == columns - HASHED_NAMES


@pytest.mark.usefixtures("quick")
async def test_everything_is_sealed_with_a_new_key_and_the_old_one_opens_nothing(
    storage: Storage, backend: Backend
) -> None:
    acme, enrichment_id = await filled(storage)
    old = storage.vault.keyring.keys()
    seen: dict[str, int] = {}
    before = len(sealed_in(backend))
    rotated = await rotating(storage).rotate(OPERATOR, lambda table, rows: seen.update({table: rows}))

    assert (rotated.resealed, rotated.retired) == (before, 1)
    assert seen["enrichments"] == 251
    outdated = Vault(storage.vault.pepper, ConfiguredKeys([key.decode() for key in old]))
    for sealed in sealed_in(backend):
        assert storage.vault.is_newest(sealed)
        with pytest.raises(Unusable):
            outdated.open(sealed)
    stored = await storage.enrichments.get(enrichment_id, acme)
    assert stored
    assert stored.record.request.first_name == ADA.first
    assert await storage.idempotency.look(Claim(f"{acme}:k1", "the same"))
    assert [each.secret for each in await storage.webhooks.secrets(acme)] == ["whsec_one"]
    assert [each.action for each in await storage.audit_log.entries(most=1)] == ["keys.rotate"]


@pytest.mark.usefixtures("quick")
async def test_another_process_goes_on_reading_and_writing(storage: Storage, backend: Backend) -> None:
    acme, _ = await filled(storage)
    other = backend.open()
    account_there = await other.accounts.get(acme)
    ids = [await enriched(other, account_there, ADA)]
    turning = asyncio.create_task(rotating(storage).rotate(OPERATOR))
    while not turning.done():
        ids.append(await enriched(other, account_there, ADA))
        assert await storage.enrichments.get(ids[-1], acme)
        assert await other.enrichments.get(ids[len(ids) // 2], acme)
        await asyncio.sleep(0.01)
    await turning
    for enrichment_id in ids:
        assert await other.enrichments.get(enrichment_id, acme)
    other.close()
    assert len(ids) > 2, "something was written while the keys turned"


@pytest.mark.usefixtures("quick")
async def test_an_interrupted_rotation_loses_nothing_and_the_next_one_finishes_it(
    storage: Storage, backend: Backend
) -> None:
    acme, enrichment_id = await filled(storage)
    turning = asyncio.create_task(rotating(storage).rotate(OPERATOR))
    await until(lambda: _two_keys(storage, backend))
    turning.cancel()
    await asyncio.gather(turning, return_exceptions=True)
    assert await storage.enrichments.get(enrichment_id, acme)

    await until(lambda: _looked(storage, backend))
    assert (await rotating(storage).rotate(OPERATOR)).retired == 2
    assert len(_keys(storage, backend)) == 1
    assert all(storage.vault.is_newest(sealed) for sealed in sealed_in(backend))


async def _two_keys(storage: Storage, backend: Backend) -> bool:
    return len(_keys(storage, backend)) == 2


async def _looked(storage: Storage, backend: Backend) -> bool:
    """Whether the process knows the keys as they are kept."""
    return list(storage.vault.keyring.keys()) == _keys(storage, backend)


def _keys(storage: Storage, backend: Backend) -> list[bytes]:
    """As they are kept at this moment."""
    if isinstance(storage.location, Path):
        return Path(f"{storage.location}.seal").read_bytes().split()
    return (
        str(backend.rows("SELECT value FROM secrets WHERE name = 'encryption_keys'")[0][0]).encode().split()
    )


async def test_what_was_erased_meanwhile_stays_erased(storage: Storage, backend: Backend) -> None:
    acme = await account(storage, credits=9_000)
    await enriched(storage, acme, ADA)
    rows = await storage.database.read("SELECT id, record FROM enrichments", {})
    backend.tamper("UPDATE enrichments SET record = NULL")
    keys = [new_key().decode(), *map(bytes.decode, storage.vault.keyring.keys())]
    newer = Vault(storage.vault.pepper, ConfiguredKeys(keys))
    turner = Rotation(storage.database, newer, storage.owner.fence, storage.audit_log)

    assert await turner._reseal(SEALED[0], rows) == (1, 0)
    assert backend.rows("SELECT record FROM enrichments") == [(None,)]


async def test_no_key_is_retired_before_this_process_has_read_the_new_one_back(
    storage: Storage, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However short the time for it was."""
    for period in ("SEEN", "_WRITTEN"):
        monkeypatch.setattr(rotation, period, 0.0)
    acme = await account(storage, credits=9_000)
    enrichment_id = await enriched(storage, acme, ADA)
    rotated = await rotating(storage).rotate(OPERATOR)

    assert (rotated.resealed, rotated.retired) == (1, 1)
    keys = ConfiguredKeys([key.decode() for key in _keys(storage, backend)])
    record = backend.rows(f"SELECT record FROM enrichments WHERE id = '{enrichment_id}'")[0][0]
    assert Vault(storage.vault.pepper, keys).opens(bytes(record))


@pytest.mark.usefixtures("quick")
async def test_an_old_key_that_somebody_still_seals_with_is_kept(storage: Storage, backend: Backend) -> None:
    _, enrichment_id = await filled(storage)
    old = storage.vault.keyring.keys()
    behind = Vault(storage.vault.pepper, ConfiguredKeys([key.decode() for key in old]))
    written: list[bytes] = []

    def write_once(table: str, rows: int) -> None:
        if not written:
            written.append(behind.seal(b"{}"))
            _write_as_is(backend, enrichment_id, written[0])

    rotated = await rotating(storage).rotate(OPERATOR, write_once)

    assert (rotated.retired, rotated.late) == (0, 1)
    assert _keys(storage, backend)[1:] == list(old)
    again = await rotating(storage).rotate(OPERATOR)
    assert (again.retired, again.late) == (2, 0)
    assert all(storage.vault.is_newest(sealed) for sealed in sealed_in(backend))


@pytest.mark.usefixtures("quick")
async def test_rows_that_no_key_opens_are_told_and_keep_no_other_row_under_an_old_key(
    storage: Storage, backend: Backend
) -> None:
    _, enrichment_id = await filled(storage)
    lost = Sealer([new_key()]).seal(b"{}")
    _write_as_is(backend, enrichment_id, lost)
    before = len(sealed_in(backend))
    rotated = await rotating(storage).rotate(OPERATOR)

    assert rotated == Rotated(before - 1, retired=0, unreadable=1)
    assert len(_keys(storage, backend)) == 2
    assert [each for each in sealed_in(backend) if not storage.vault.is_newest(each)] == [lost]

    backend.tamper("UPDATE enrichments SET record = NULL WHERE id = '" + enrichment_id + "'")
    assert (await rotating(storage).rotate(OPERATOR)).retired == 2


def test_the_command_that_keeps_keys_says_why_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick: None
) -> None:
    monkeypatch.chdir(tmp_path)
    backend = SqliteBackend(tmp_path)
    storage = backend.open()
    closed, _opens = (asyncio.run(_one(storage, name)) for name in ("acme", "bolt"))
    storage.close()
    _write_as_is(backend, closed, Sealer([new_key()]).seal(b"{}"))
    rotate = ["db", "rotate-keys"]
    told, in_json = (CliRunner().invoke(app, [*rotate, *options]) for options in ([], ["--json"]))

    assert (told.exit_code, in_json.exit_code) == (1, 1)
    assert "headrace db give-up" in told.output
    assert json.loads(in_json.stdout) == {"resealed": 1, "retired": 0, "unreadable": 1, "late": 0}


async def _one(storage: Storage, name: str) -> str:
    return await enriched(storage, await account(storage, name, credits=9_000), ADA)


def _write_as_is(backend: Backend, enrichment_id: str, sealed: bytes) -> None:
    literal = f"x'{sealed.hex()}'" if isinstance(backend, SqliteBackend) else f"'\\x{sealed.hex()}'"
    backend.tamper(f"UPDATE enrichments SET record = {literal} WHERE id = '{enrichment_id}'")


@pytest.mark.usefixtures("quick")
async def test_configured_keys_are_not_made_but_the_first_one_takes_over(backend: Backend) -> None:
    old, new = (new_key().decode() for _ in range(2))

    def opened(*keys: str) -> Storage:
        return open_storage(location_of(backend.url), b"p" * 32, keys, SystemClock())

    storage = opened(old)
    acme, enrichment_id = await filled(storage)
    storage.close()
    storage = opened(new, old)
    assert await rotating(storage).rotate(OPERATOR) == Rotated(len(sealed_in(backend)), retired=0)
    storage.close()
    storage = opened(new)
    assert await storage.enrichments.get(enrichment_id, acme)
    storage.close()


async def test_a_server_at_work_makes_no_mistake_while_its_keys_are_rotated(tmp_path: Path) -> None:
    with serving("serve", "--sandbox", cwd=tmp_path) as said:
        before = (tmp_path / "headrace.db.seal").read_bytes()
        command = [str(HEADRACE), "db", "rotate-keys", "--json"]
        turning = await asyncio.create_subprocess_exec(
            *command, cwd=tmp_path, env=clean(None), stdout=asyncio.subprocess.PIPE, stderr=sys.stderr
        )
        answers = await _clients(said["url"], said["api_key"], turning)
        told = json.loads((await turning.communicate())[0])
    after = (tmp_path / "headrace.db.seal").read_bytes()

    assert turning.returncode == 0
    assert told["retired"] == 1
    assert set(answers) == {200}
    assert len(answers) > 20
    assert len(after.split()) == 1
    assert before != after
    assert "error" not in (tmp_path / "stderr").read_text().lower()


async def _clients(url: str, key: str, turning: asyncio.subprocess.Process) -> list[int]:
    """Ask, read what was stored and repeat requests until the rotation is over; every status there was."""
    statuses: list[int] = []
    numbers = count()

    async def client(session: aiohttp.ClientSession) -> None:
        while turning.returncode is None:
            number = next(numbers)
            again = {"Idempotency-Key": f"key-{number % 7}"}
            async with session.post(
                f"{url}/v2/contacts/single_enrich", json={**SEED, "enrichment_type": ["email"]}, headers=again
            ) as reply:
                statuses.append(reply.status)
                stored = (await reply.json())["enrichment_id"]
            async with session.get(f"{url}/v2/enrichments/{stored}") as reply:
                statuses.append(reply.status)
            await asyncio.sleep(0.1)

    async with aiohttp.ClientSession(headers={"X-API-KEY": key}) as session:
        clients = [asyncio.create_task(client(session)) for _ in range(2)]
        await turning.wait()
        await asyncio.gather(*clients)
    return statuses
