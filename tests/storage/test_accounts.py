"""Accounts, settings, consents, keys."""

import base64
import hashlib
import shutil
from pathlib import Path

import pytest

from headrace.storage.accounts import NameTaken, Settings
from headrace.storage.errors import Unusable
from headrace.storage.keys import KeySmith, pepper_beside
from headrace.storage.opening import Storage
from tests.storage.backends import Backend, SqliteBackend
from tests.storage.making import account, crash


async def test_a_new_account_has_no_credits_and_no_consent(storage: Storage) -> None:
    made = await storage.accounts.create("acme", Settings())

    assert (made.name, made.available, made.held) == ("acme", 0, 0)
    assert not made.consents_personal_email
    assert await storage.accounts.get("acme") == await storage.accounts.get(made.id) == made


async def test_a_name_is_taken_once(storage: Storage) -> None:
    made = await account(storage, "acme", credits=1_000)

    with pytest.raises(NameTaken):
        await storage.accounts.create("acme", Settings())
    with pytest.raises(NameTaken):
        await storage.accounts.create(made.id, Settings())
    assert [found.name for found in await storage.accounts.all()] == ["acme"]


async def test_an_unknown_account_is_a_lookup_error(storage: Storage) -> None:
    with pytest.raises(LookupError, match="nobody"):
        await storage.accounts.get("nobody")


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(phone_countries=("FR",)),
        Settings(phone_countries=("FR", "US", "GB"), validation="lenient"),
        Settings(email_status_vocabulary="deliverability", accept_risky=True),
    ],
)
async def test_settings_come_back_as_they_were_set(storage: Storage, settings: Settings) -> None:
    created = await storage.accounts.create("created with them", settings)
    changed = await storage.accounts.create("changed to them", Settings(validation="lenient"))
    await storage.accounts.set(changed, settings)

    assert Settings.of(created) == settings
    assert Settings.of(await storage.accounts.get(changed.id)) == settings


async def test_setting_one_account_leaves_the_others(storage: Storage) -> None:
    one, two = await account(storage, "one"), await account(storage, "two")
    await storage.accounts.set(one, Settings(validation="lenient"))

    assert Settings.of(await storage.accounts.get(two.id)) == Settings()


async def test_consents_are_kept_for_ever_and_the_last_one_holds(storage: Storage, backend: Backend) -> None:
    made = await account(storage)
    held = []
    for granted in (True, False, True, True):
        await storage.accounts.consent(made, granted=granted, actor="operator")
        held.append((await storage.accounts.get(made.id)).consents_personal_email)

    assert held == [True, False, True, True]
    rows = backend.rows("SELECT account_id, document, action, actor FROM consents ORDER BY id")
    actions = ("grant", "withdraw", "grant", "grant")
    assert rows == [(made.id, "personal_email", action, "operator") for action in actions]


async def test_a_key_opens_its_own_account(storage: Storage) -> None:
    one, two = await account(storage, "one"), await account(storage, "two")
    first, second, other = [(await storage.accounts.add_key(each)).text for each in (one, one, two)]

    found = [await storage.accounts.by_api_key(key) for key in (first, second, other)]
    assert found == [one, one, two]


async def test_a_revoked_key_opens_nothing_and_the_others_still_do(storage: Storage) -> None:
    made = await account(storage)
    first, second = await storage.accounts.add_key(made), await storage.accounts.add_key(made)

    assert await storage.accounts.revoke_key(first.id)
    assert await storage.accounts.by_api_key(first.text) is None
    assert await storage.accounts.by_api_key(second.text) == made

    listed = await storage.accounts.keys(made)
    assert [key.id for key in listed] == [first.id, second.id]
    assert listed[0].revoked_at
    assert listed[1].revoked_at is None


async def test_a_key_is_revoked_once_and_only_if_it_exists(storage: Storage) -> None:
    key = await storage.accounts.add_key(await account(storage))

    assert await storage.accounts.revoke_key(key.id)
    revoked_at = (await storage.accounts.keys(await storage.accounts.get("acme")))[0].revoked_at
    assert not await storage.accounts.revoke_key(key.id)
    assert not await storage.accounts.revoke_key("unknown")
    again = await storage.accounts.keys(await storage.accounts.get("acme"))
    assert again[0].revoked_at == revoked_at


async def test_only_the_whole_text_of_a_key_opens(storage: Storage) -> None:
    made = await account(storage)
    one, two = await storage.accounts.add_key(made), await storage.accounts.add_key(made)
    prefix, id_, secret = one.text.split("_", 2)
    other_secret = two.text.split("_", 2)[2]

    for wrong in (
        f"{prefix}_{id_}_{other_secret}",
        f"{prefix}_{id_}_{secret[:-1]}",
        f"{prefix}_{id_}_{secret}x",
        f"{prefix}_{id_}_{secret.swapcase()}",
        f"{prefix}_{id_}_",
        f"{prefix}_{id_}",
        f"xx_{id_}_{secret}",
        f" {one.text}",
        f"{one.text}é",
        f"{prefix}_' OR 1=1 --_{secret}",
        secret,
        id_,
        "",
        "_",
        "__",
        "\x00",
        "hr__" + "x" * 100_000,
    ):
        assert await storage.accounts.by_api_key(wrong) is None, wrong
    assert await storage.accounts.by_api_key(one.text) == made


def test_a_key_has_256_random_bits() -> None:
    smith = KeySmith(b"p" * 32)
    keys = [smith.make() for _ in range(200)]
    secrets = {base64.urlsafe_b64decode(key.text.split("_", 2)[2] + "=") for key in keys}

    assert len(secrets) == len({key.id for key in keys}) == 200
    assert {len(secret) for secret in secrets} == {32}
    assert all(smith.split(key.text) == (key.id, key.text.split("_", 2)[2]) for key in keys)


async def test_the_text_of_a_key_is_in_no_file(sqlite: SqliteBackend) -> None:
    storage = sqlite.open()
    key = await storage.accounts.add_key(await account(storage))
    secret = key.text.split("_", 2)[2]
    raw = base64.urlsafe_b64decode(secret + "=")
    plain = hashlib.sha256(secret.encode()).digest()

    written = {path.name: path.read_bytes() for path in sqlite.path.parent.rglob("*") if path.is_file()}

    assert key.id.encode() in written["headrace.db-wal"]
    for name, content in written.items():
        assert not [one for one in (secret.encode(), raw, plain, plain.hex().encode()) if one in content], (
            name
        )
    storage.close()


async def test_a_database_that_is_copied_without_its_pepper_is_not_opened(
    sqlite: SqliteBackend, tmp_path: Path
) -> None:
    storage = sqlite.open()
    key = await storage.accounts.add_key(await account(storage))
    storage.close()

    thief = SqliteBackend(tmp_path / "copy")
    thief.path.parent.mkdir()
    shutil.copy(sqlite.path, thief.path)
    with pytest.raises(Unusable, match="restore this file"):
        thief.open()
    pepper_of(thief).write_text("ab" * 32)
    with pytest.raises(Unusable, match="is not the pepper that this database was written with"):
        thief.open()

    shutil.copy(pepper_of(sqlite), pepper_of(thief))
    restored = thief.open()
    assert await restored.accounts.by_api_key(key.text)
    restored.close()


def pepper_of(backend: SqliteBackend) -> Path:
    """The file with the pepper."""
    return backend.path.with_name(f"{backend.path.name}.key")


def test_the_pepper_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    database = tmp_path / "headrace.db"
    pepper = pepper_beside(database, in_use=False)

    assert len(pepper) == 32
    assert pepper_beside(database, in_use=True) == pepper
    assert database.with_name("headrace.db.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["headrace.db.key"]


@pytest.mark.parametrize("content", ["", "\n", "not hexadecimal", "abcd"])
def test_a_pepper_file_without_a_pepper_is_an_error_that_names_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "headrace.db.key"
    path.write_text(content)

    with pytest.raises(Unusable, match=r"headrace\.db\.key"):
        pepper_beside(tmp_path / "headrace.db", in_use=False)
    assert path.read_text() == content


async def test_accounts_survive_a_crash(backend: Backend) -> None:
    storage = backend.open()
    made = await account(storage, credits=7_000)
    key = await storage.accounts.add_key(made)
    crash(storage)

    again = backend.open()
    found = await again.accounts.by_api_key(key.text)
    assert found
    assert (found.id, found.available) == (made.id, 7_000)
    again.close()


def test_a_lost_pepper_is_not_replaced_once_there_are_keys(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=r"headrace\.db\.key"):
        pepper_beside(tmp_path / "headrace.db", in_use=True)
    assert not (tmp_path / "headrace.db.key").exists()
