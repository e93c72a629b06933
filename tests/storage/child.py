"""What other processes do in these tests: `child.py <job> <database url> <arguments>`.

A job says `ready` once it has everything it needs, and begins when a line arrives.
"""

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

from headrace import logs
from headrace.domain.errors import Problem
from headrace.engine.ids import new_id
from headrace.ports import Claim
from headrace.storage import schema
from headrace.storage.accounts import Settings
from headrace.storage.errors import Unusable
from headrace.storage.opening import Storage
from headrace.storage.sealing import new_key
from headrace.storage.vault import write_keys
from tests.storage.clocks import SetClock
from tests.storage.making import settlement
from tests.storage.opened import location_of, opened, wait_patiently
from tests.storage.users import become


def _wait_for_go() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


async def race(url: str, account: str, many: str) -> None:
    """Hold 1 credit so many times at once; prints how often it was granted."""
    storage = opened(url)
    _wait_for_go()
    holds = (storage.ledger.hold(new_id(), account, 1_000) for _ in range(int(many)))
    results = await asyncio.gather(*holds, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, Problem):
            raise result
    print(sum(isinstance(result, int) for result in results), flush=True)
    sys.stdin.readline()
    storage.close()


async def hold(url: str, account: str, many: str) -> None:
    """Hold 1 credit so many times and live until told otherwise; prints the owner's id."""
    storage = opened(url)
    for _ in range(int(many)):
        await storage.ledger.hold(new_id(), account, 1_000)
    print(storage.owner.id, flush=True)
    sys.stdin.readline()
    storage.close()


async def sit(url: str, prefix: str) -> None:
    """Take a seat and keep it until told otherwise; prints it."""
    storage = opened(url)
    print(await storage.owner.take_seat(prefix), flush=True)
    sys.stdin.readline()
    storage.close()


async def enclose(url: str, name: str) -> None:
    """Be inside a fence until told otherwise."""
    storage = opened(url)
    async with storage.owner.fence(name):
        print("inside", flush=True)
        sys.stdin.readline()
    storage.close()


async def begin(url: str, name: str, many: str) -> None:
    """Take a key so many times at once; prints how often that was granted."""
    storage = opened(url)
    _wait_for_go()
    begun = (storage.idempotency.begin(Claim(name, "f")) for _ in range(int(many)))
    results = await asyncio.gather(*begun, return_exceptions=True)
    print(sum(result is None for result in results), flush=True)
    sys.stdin.readline()
    storage.close()


async def claim(url: str, batch: str, now: str) -> None:
    """Claim what webhooks are owed at that time; prints how many those are."""
    storage = opened(url, SetClock(float(now)))
    print(await storage.webhooks.claim(batch, 100), flush=True)
    sys.stdin.readline()
    storage.close()


async def churn(url: str, accounts: str, rounds: str) -> None:
    """In each round, hold from all accounts at once, in the order given and five times each; then settle a
    part and release the rest. Prints what each account was charged."""
    storage, chance, charged = opened(url), random.Random(accounts), Counter[str]()
    _wait_for_go()
    for _ in range(int(rounds)):
        held = [(new_id(), payer) for payer in accounts.split(",") * 5]
        await asyncio.gather(*(storage.ledger.hold(name, payer, 1_000) for name, payer in held))
        ending = []
        for name, payer in held:
            part = chance.choice((0, 300, 1_000, None))
            charged[payer] += part or 0
            ending.append(_end(storage, name, payer, part))
        await asyncio.gather(*ending)
    print(json.dumps(charged), flush=True)
    storage.close()


async def _end(storage: Storage, name: str, payer: str, charged: int | None) -> int:
    if charged is None:
        return await storage.ledger.release(name)
    return await storage.ledger.settle(settlement(name, payer, charged))


async def write(url: str, account: str) -> None:
    """Hold and release, many at once, until told otherwise."""
    storage = opened(url)
    _wait_for_go()
    stop = asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
    rounds = 0
    while not stop.done():
        names = [new_id() for _ in range(20)]
        await asyncio.gather(*(storage.ledger.hold(name, account, 1_000) for name in names))
        await asyncio.gather(*(storage.ledger.release(name) for name in names))
        rounds += 1
    storage.close()
    print(rounds, flush=True)


async def first_use(url: str, name: str) -> None:
    """Open a database that nobody has opened before; make an account and print its key."""
    _wait_for_go()
    storage = opened(url)
    account = await storage.accounts.create(name, Settings())
    print((await storage.accounts.add_key(account)).text, flush=True)
    storage.close()


async def settle_as(url: str, user: str, account: str) -> None:
    """Be another user's server: for each line, hold and settle; prints the id."""
    become(int(user))
    storage = opened(url)
    print("ready", flush=True)
    while sys.stdin.readline():
        name = new_id()
        await storage.ledger.hold(name, account, 1_000)
        await storage.ledger.settle(settlement(name, account, 100))
        print(name, flush=True)
    storage.close()


async def bury_as(url: str, user: str) -> None:
    """Look for the dead as another user, as a server does at its start; prints them."""
    become(int(user))
    storage = opened(url)
    print(*await storage.owner.dead(()), flush=True)
    await storage.ledger.release_abandoned()
    storage.close()


async def replace_keys_as(path: str, user: str) -> None:
    """Put another key into a key file; prints why that cannot be."""
    become(int(user))
    try:
        write_keys(Path(path), [new_key()])
    except Unusable as error:
        print(error, flush=True)


async def upgrade(url: str) -> None:
    """Upgrade the schema; prints the revision."""
    _wait_for_go()
    schema.upgrade(location_of(url))
    print(schema.current(location_of(url)), flush=True)


JOBS: dict[str, Callable[..., Awaitable[None]]] = {
    job.__name__: job
    for job in (
        race,
        hold,
        begin,
        claim,
        churn,
        sit,
        enclose,
        write,
        first_use,
        upgrade,
        settle_as,
        replace_keys_as,
        bury_as,
    )
}

if __name__ == "__main__":
    logs.configure("error", "json")
    wait_patiently()
    asyncio.run(JOBS[sys.argv[1]](*sys.argv[2:]))  # type: ignore[arg-type]
