"""For whoever keeps the server running: is it alive, may it be sent traffic, what has it done."""

from typing import Literal

import msgspec
from litestar import MediaType, Response, get

from headrace.api.documented import HEALTH, METRICS, READY
from headrace.api.metrics import PrometheusMeter
from headrace.api.schemas import HealthAnswer, ReadyAnswer
from headrace.api.services import AnyRequest, services_of
from headrace.version import VERSION

_encode = msgspec.json.Encoder().encode


@get("/healthz", **HEALTH)
async def healthz() -> Response[bytes]:
    """The process answers."""
    return Response(_encode(HealthAnswer("ok", VERSION)), media_type=MediaType.JSON)


@get("/readyz", **READY)
async def readyz(request: AnyRequest) -> Response[bytes]:
    """The database answers; and which vendors are not asked at the moment, and why."""
    services = services_of(request)
    database: Literal["ok", "unavailable"] = "ok" if await services.database_answers() else "unavailable"
    paused = services.guard.paused
    answer = ReadyAnswer(
        status="ready" if database == "ok" else "unavailable",
        database=database,
        providers={name: paused.get(name, "ok") for name in services.providers},
    )
    return Response(_encode(answer), status_code=200 if database == "ok" else 503, media_type=MediaType.JSON)


@get("/metrics", **METRICS)
async def metrics(request: AnyRequest) -> Response[bytes]:
    """Prometheus' text format."""
    meter: PrometheusMeter = request.app.state["meter"]
    return Response(meter.render(), media_type="text/plain; version=0.0.4")  # the framework adds the charset
