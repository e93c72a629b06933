"""The endpoint that verifies one address."""

import msgspec
from litestar import post
from litestar.response.base import ASGIResponse

from headrace.api import render
from headrace.api.answers import json_answer
from headrace.api.auth import authenticate
from headrace.api.body import body_of
from headrace.api.documented import VERIFICATION, VerifyOperation
from headrace.api.read import address_to_verify, require_json
from headrace.api.services import AnyRequest, services_of
from headrace.engine.memory import Ages

_encode = msgspec.json.Encoder().encode


@post("/v2/emails/verify", status_code=200, operation_class=VerifyOperation, **VERIFICATION)
async def verify_email(request: AnyRequest) -> ASGIResponse:
    """Judge one address without any vendor. Costs no credits."""
    account = await authenticate(request)
    require_json(request)
    services = services_of(request)
    standing = await services.limits.admit(account.id)
    address = address_to_verify(await body_of(request))
    verified = await services.verifier.verify(address, Ages.of(account), account.thresholds)
    return json_answer(_encode(render.verify_answer(verified)), standing.headers())
