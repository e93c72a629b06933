"""The endpoint that verifies one address."""

import msgspec
from litestar import post
from litestar.response.base import ASGIResponse
from msgspec.structs import replace

from headrace.api import render
from headrace.api.answers import json_answer, reply_answer
from headrace.api.auth import authenticate
from headrace.api.body import body_and_claim_of
from headrace.api.documented import VERIFICATION, VerifyOperation
from headrace.api.read import address_to_verify
from headrace.api.schemas import VerifyAnswer
from headrace.api.services import AnyRequest, services_of
from headrace.domain import normalize
from headrace.domain.model import Account
from headrace.engine.memory import Ages
from headrace.ports import Claim, Reply

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(VerifyAnswer).decode


@post("/v2/emails/verify", status_code=200, operation_class=VerifyOperation, **VERIFICATION)
async def verify_email(request: AnyRequest) -> ASGIResponse:
    """Judge one address without any vendor. Costs no credits."""
    account, services = await authenticate(request), services_of(request)
    body, claim = await body_and_claim_of(request, account.id)
    if claim is None:
        return await _verified(request, account, body)
    answer = await services.turns.once(claim, lambda: _verified(request, account, body, claim))
    if not isinstance(answer, Reply):
        return answer
    told = await _told_again(request, address_to_verify(body), answer)
    return reply_answer(told, (await services.limits.look(account.id)).headers())


async def _verified(
    request: AnyRequest, account: Account, body: bytes, claim: Claim | None = None
) -> ASGIResponse:
    standing = await services_of(request).limits.admit(account.id)
    address = address_to_verify(body)
    answer = await (_kept(request, account, address, claim) if claim else _judged(request, account, address))
    return json_answer(_encode(answer), standing.headers())


async def _judged(request: AnyRequest, account: Account, address: str) -> VerifyAnswer:
    verifier = services_of(request).verifier
    return render.verify_answer(await verifier.verify(address, Ages.of(account), account.thresholds))


async def _kept(request: AnyRequest, account: Account, address: str, claim: Claim) -> VerifyAnswer:
    """Kept without the address, which whoever asks again brings along: an erasure finds what is kept about a
    person through their enrichments, and this belongs to none."""

    async def work() -> tuple[int, bytes]:
        return 200, _encode(replace(await _judged(request, account, address), email=""))

    return _of(address, await services_of(request).turns.claimed(claim, work))


async def _told_again(request: AnyRequest, address: str, kept: Reply) -> Reply:
    """Nothing of somebody who has objected since."""
    spared = await services_of(request).verifier.spared(address)
    return replace(kept, body=_encode(render.verify_answer(spared) if spared else _of(address, kept)))


def _of(address: str, reply: Reply) -> VerifyAnswer:
    """What was kept, as it was told: with the address in one spelling, or as it was given if it is none."""
    return replace(_decode(reply.body), email=normalize.address(address) or address)
