"""What accounts can spend."""

import asyncio

from headrace.storage.database import Statement, Steps
from tests.admin.desk import Desk
from tests.stack import Stack


async def test_credits_are_added_and_taken_back(desk: Desk) -> None:
    made = await desk.account("spender", credits=10)
    whose = {"account_id": made["account_id"], "name": "spender"}

    added = await desk.send("POST", "/accounts/spender/credits", {"amount": 2.5})
    assert (added.status, added.json) == (200, {**whose, "added": 2.5, "available": 12.5})
    taken = await desk.send("POST", "/accounts/spender/credits", {"amount": -12})
    assert taken.json == {**whose, "added": -12, "available": 0.5}
    standing = await desk.send("GET", "/accounts/spender/credits")
    assert standing.json == {**whose, "available": 0.5, "held": 0}
    assert await desk.stack.balance(made["api_key"]) == (0.5, 0)
    assert [action for _, action in await desk.done(made["account_id"])][-2:] == [
        "credits.grant",
        "credits.take_back",
    ]


async def test_no_more_is_taken_back_than_there_is(desk: Desk) -> None:
    await desk.account("poor", credits=1)

    replies = await asyncio.gather(
        *(desk.send("POST", "/accounts/poor/credits", {"amount": -0.5}) for _ in range(10))
    )
    assert sorted(reply.status for reply in replies) == [200, 200] + [422] * 8
    assert {reply.json["code"] for reply in replies if reply.status == 422} == {"insufficient_credits"}
    assert (await desk.send("GET", "/accounts/poor/credits")).json["available"] == 0


async def test_the_books_balance_after_all_of_it(desk: Desk) -> None:
    found = (await desk.send("GET", "/ledger/verify")).json

    assert (found["balanced"], found["sum"], found["complaints"]) == (True, 0, [])
    assert found["accounts"] == len((await desk.send("GET", "/accounts?limit=200")).json["accounts"])


async def test_books_that_do_not_balance_are_told(desk: Desk, stack: Stack) -> None:
    made = await desk.account("tampered", credits=3)

    async def tamper(amount: int) -> None:
        def operation() -> Steps[None]:
            changed = {"amount": amount, "id": made["account_id"]}
            yield Statement("UPDATE accounts SET available = available + :amount WHERE id = :id", changed)

        await stack.headrace.storage.database.write(operation)

    await tamper(1)
    found = (await desk.send("GET", "/ledger/verify")).json
    await tamper(-1)
    assert found["balanced"] is False
    assert found["complaints"] == ["account tampered: available is 3.001 credits, its entries say 3 credits"]
