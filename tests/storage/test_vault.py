"""Sealed records, the keys that open them, and where those are kept."""

import os
from base64 import urlsafe_b64decode
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from headrace.domain.errors import Problem
from headrace.storage import vault as module
from headrace.storage.errors import Unusable
from headrace.storage.opening import Storage, keys_beside, open_storage
from headrace.storage.sealing import FIRST_MARK, MARK, Sealer, new_key
from headrace.storage.vault import ConfiguredKeys, KeyFile, Vault, is_plain, write_keys
from tests.storage.backends import Backend, SqliteBackend
from tests.storage.clocks import SetClock
from tests.storage.making import account, settlement, until
from tests.storage.opened import location_of

PEPPER = b"p" * 32
OLD, NEW = new_key(), new_key()
RECORD = '{"first_name":"Ada","é":1}'.encode()


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with one key, looked at whenever it is used."""
    monkeypatch.setattr(module, "_LOOK_AGAIN", -1.0)
    path = tmp_path / "headrace.db.seal"
    write_keys(path, [OLD])
    return path


def at(path: Path) -> Vault:
    return Vault(PEPPER, KeyFile(path, may_make=False))


def configured(*keys: bytes) -> Vault:
    return Vault(PEPPER, ConfiguredKeys([key.decode() for key in keys]))


def test_what_was_sealed_opens_and_tells_nothing_before() -> None:
    vault = configured(OLD)
    sealed = vault.seal(RECORD)

    assert vault.open(sealed) == RECORD
    assert b"Ada" not in sealed
    assert vault.seal(RECORD) != sealed
    assert is_plain(RECORD)
    assert not is_plain(sealed)


@settings(deadline=None)
@given(st.binary(max_size=5_000))
def test_any_record_opens_again_with_any_of_the_keys_and_is_29_bytes_longer(record: bytes) -> None:
    sealed = Sealer([OLD]).seal(record)

    assert Sealer([NEW, OLD]).open(sealed) == record
    assert Sealer([NEW]).open(sealed) is None
    assert len(sealed) == len(record) + 29
    assert sealed[:1] == MARK


@settings(deadline=None)
@given(st.data())
def test_no_byte_of_a_sealed_record_can_be_changed_or_left_out(data: st.DataObject) -> None:
    sealed = Sealer([OLD]).seal(RECORD)
    at = data.draw(st.integers(0, len(sealed) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != sealed[at]))

    assert Sealer([OLD]).open(sealed[:at] + bytes([other]) + sealed[at + 1 :]) is None
    assert Sealer([OLD]).open(sealed[:at] + sealed[at + 1 :]) is None
    assert Sealer([OLD]).open(sealed[:at]) is None


def test_what_was_sealed_in_the_first_format_opens_and_is_sealed_anew() -> None:
    before = MultiFernet([Fernet(OLD)]).encrypt(RECORD)
    vault = configured(NEW, OLD)

    assert before[:1] == FIRST_MARK
    assert vault.open(before) == RECORD
    assert not configured(OLD).is_newest(before)
    assert configured(NEW).open(vault.reseal(before)) == RECORD
    with pytest.raises(Unusable, match="sealed with a key that is not there any more"):
        configured(NEW).open(before)


def test_a_key_seals_with_what_is_derived_from_it() -> None:
    """As the key itself served for the first format."""
    sealed = Sealer([OLD]).seal(RECORD)
    with pytest.raises(InvalidTag):
        AESGCMSIV(urlsafe_b64decode(OLD)).decrypt(sealed[1:13], sealed[13:], sealed[:1])


@pytest.mark.parametrize("plain", [b"{}", b"[]", RECORD])
def test_a_record_from_before_records_were_sealed_is_read_as_it_is(plain: bytes) -> None:
    assert configured(OLD).open(plain) == plain


def test_a_record_is_resealed_under_the_newest_key() -> None:
    before, during, after = configured(OLD), configured(NEW, OLD), configured(NEW)
    for record in (RECORD, before.seal(RECORD)):
        resealed = during.reseal(record)
        assert after.open(resealed) == RECORD
        assert during.is_newest(resealed)
        assert not during.is_newest(record)


@pytest.mark.parametrize("change", [lambda text: text[:-1], lambda text: text[:20] + b"A" + text[21:]])
def test_a_record_that_was_changed_or_whose_key_is_gone_is_an_error_without_its_content(change) -> None:  # type: ignore[no-untyped-def]
    sealed = configured(OLD).seal(RECORD)
    for vault, text in ((configured(NEW), sealed), (configured(OLD), change(sealed))):
        with pytest.raises(Unusable, match="sealed with a key that is not there any more") as refused:
            vault.open(text)
        assert refused.value.__cause__ is None


def test_digests_are_equal_for_equal_texts_and_useless_without_the_pepper() -> None:
    vault, thief = configured(OLD), Vault(b"q" * 32, ConfiguredKeys([OLD.decode()]))

    assert vault.digest("ada@example.com") == configured(NEW).digest("ada@example.com")
    assert vault.digest("ada@example.com") != vault.digest("ada@example.org")
    assert vault.digest("ada@example.com") != thief.digest("ada@example.com")
    assert len(vault.digest("\ud800")) == 16


@pytest.mark.parametrize("wrong", [[], [""], ["short"], ["A" * 44], [OLD.decode(), "no"]])
def test_configured_keys_that_are_none_are_an_error_that_names_the_setting(wrong: list[str]) -> None:
    if wrong == ["A" * 44]:
        wrong = ["!" * 44]
    with pytest.raises(Unusable, match=r"security\.encryption_keys: holds no keys, or one that is not 32"):
        ConfiguredKeys(wrong)


def test_keys_are_rotated_while_another_process_reads_and_writes(keys: Path) -> None:
    rotating, serving = at(keys), at(keys)
    before = serving.seal(RECORD)

    write_keys(keys, [OLD, NEW])
    assert rotating.open(serving.seal(RECORD)) == RECORD
    write_keys(keys, [NEW, OLD])
    during = serving.seal(RECORD)
    assert not rotating.is_newest(before)
    assert rotating.is_newest(during)
    assert [serving.open(each) for each in (before, during)] == [RECORD, RECORD]

    resealed = rotating.reseal(before)
    write_keys(keys, [NEW])
    assert [serving.open(each) for each in (resealed, during)] == [RECORD, RECORD]
    with pytest.raises(Unusable):
        serving.open(before)


def test_the_first_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "headrace.db.seal"
    before = os.umask(0)
    try:
        first, second = KeyFile(path, may_make=True), KeyFile(path, may_make=True)
    finally:
        os.umask(before)

    assert first.keys() == second.keys()
    assert len(first.keys()) == 1
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["headrace.db.seal"]


def test_of_two_who_make_the_first_key_at_once_the_first_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "headrace.db.seal"
    write_keys(path, [OLD], replace=False)
    write_keys(path, [NEW], replace=False)

    assert KeyFile(path, may_make=False).keys() == (OLD,)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_key_file_that_others_can_read_is_refused(keys: Path, mode: int) -> None:
    keys.chmod(mode)

    with pytest.raises(Unusable, match=r"headrace\.db\.seal: others can read it; run chmod 600 on it"):
        KeyFile(keys, may_make=False)


@pytest.mark.parametrize("content", [b"", b"\n", b"not a key\n"])
def test_a_key_file_without_a_key_is_an_error_that_names_it(keys: Path, content: bytes) -> None:
    keys.write_bytes(content)

    with pytest.raises(Unusable, match=r"headrace\.db\.seal: holds no keys"):
        KeyFile(keys, may_make=False)


@pytest.mark.parametrize(
    "harm", [Path.unlink, lambda path: path.chmod(0o644), lambda path: path.write_text("x")]
)
def test_while_a_key_file_is_harmed_a_server_opens_what_it_could_and_seals_nothing(keys: Path, harm) -> None:  # type: ignore[no-untyped-def]
    serving = at(keys)
    sealed = serving.seal(RECORD)
    harm(keys)
    os.utime(keys) if keys.exists() else None

    assert serving.open(sealed) == RECORD
    with capture_logs() as told:
        for _ in range(2):
            with pytest.raises(Problem, match="storage_unavailable"):
                serving.seal(RECORD)
    assert len(told) <= 1, "it is said once"
    keys.unlink(missing_ok=True)
    write_keys(keys, [OLD])
    assert serving.open(serving.seal(RECORD)) == RECORD


@pytest.mark.parametrize("first_format", [False, True])
async def test_a_file_with_sealed_records_is_not_opened_without_its_keys(
    sqlite: SqliteBackend, first_format: bool
) -> None:
    storage = sqlite.open()
    payer = await account(storage, credits=1_000)
    storage.close()
    keys_beside(sqlite.path).unlink()
    storage = sqlite.open()  # nothing is sealed yet, so nothing is lost
    await storage.ledger.hold("e1", payer.id, 100)
    await storage.ledger.settle(settlement("e1", payer.id, 0))
    storage.close()

    kept = keys_beside(sqlite.path).read_bytes()
    if first_format:
        record = Sealer(kept.split()).open(sqlite.rows("SELECT record FROM enrichments")[0][0])
        assert record
        token = Fernet(kept.split()[0]).encrypt(record).hex()
        sqlite.tamper(f"UPDATE enrichments SET record = x'{token}'")
    keys_beside(sqlite.path).unlink()
    with pytest.raises(Unusable, match=r"headrace\.db\.seal: is missing; restore this file"):
        sqlite.open()
    assert not keys_beside(sqlite.path).exists()

    write_keys(keys_beside(sqlite.path), kept.split())
    storage = sqlite.open()
    assert await storage.enrichments.get("e1", payer.id)
    storage.close()


async def test_two_processes_of_one_database_open_each_others_records(
    storage: Storage, backend: Backend
) -> None:
    other = backend.open()

    assert other.vault.open(storage.vault.seal(RECORD)) == RECORD
    assert other.vault.digest("ada") == storage.vault.digest("ada")
    other.close()


async def test_new_keys_reach_the_other_processes_by_themselves(storage: Storage, backend: Backend) -> None:
    other = backend.open()
    old = storage.vault.keyring.keys()
    await storage.vault.keyring.replace([NEW, *old])  # type: ignore[attr-defined]

    async def has_it() -> bool:
        return other.vault.is_newest(configured(NEW).seal(RECORD))

    await until(has_it)
    assert other.vault.open(Vault(PEPPER, ConfiguredKeys([old[0].decode()])).seal(RECORD)) == RECORD
    other.close()


async def test_configured_keys_are_used_and_no_others_are_kept(fresh: Backend) -> None:
    storage = open_storage(location_of(fresh.url), PEPPER, [NEW.decode(), OLD.decode()], SetClock(1.0))

    assert configured(NEW).open(storage.vault.seal(RECORD)) == RECORD
    assert storage.vault.open(configured(OLD).seal(RECORD)) == RECORD
    assert fresh.rows("SELECT name FROM secrets") == [("pepper_fingerprint",)]
    storage.close()
    if isinstance(fresh, SqliteBackend):
        assert not keys_beside(fresh.path).exists()
