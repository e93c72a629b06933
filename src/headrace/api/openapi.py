"""The OpenAPI document and the pages that show it, both served from here alone."""

from collections.abc import Iterable
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, get_args

import msgspec
from litestar import Litestar, MediaType, Response, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.params import FromPath

from headrace.api.admin import routes as admin
from headrace.api.admin.documented import ADMIN_KEY, REQUESTS
from headrace.api.documented import API_KEY
from headrace.api.emails import verify_email
from headrace.api.headers import HEADERS, SANDBOX
from headrace.api.health import healthz, metrics, readyz
from headrace.api.later import bulk_enrich, bulk_progress, contact, queue_enrich
from headrace.api.refusals import Answered
from headrace.api.routes import account_credits, account_details, single_enrich, stored_enrichment
from headrace.api.schemas import BulkRequest, EnrichRequest, Person, VerifyRequest
from headrace.api.webhooks import own_deliveries, replay_own
from headrace.domain.errors import KINDS, Problem
from headrace.domain.model import AttemptKind, AttemptOutcome, Field, Grade
from headrace.version import VERSION

_encode = msgspec.json.Encoder().encode
_JSON = "application/json"
_ASSETS = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui-standalone-preset.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
_START = """
window.ui = SwaggerUIBundle({
  url: "/docs/openapi.json", dom_id: "#swagger-ui", deepLinking: true, persistAuthorization: false,
  presets: [SwaggerUIBundle.presets.apis], layout: "BaseLayout",
});
"""
_WORDS: dict[str, dict[str, Iterable[str]]] = {
    "AttemptRecord": {
        "field": Field,
        "kind": get_args(AttemptKind),
        "outcome": get_args(AttemptOutcome),
        "verdict": Grade,
    },
    "StoredValue": {"verdict": Grade},
    "ProblemBody": {"code": KINDS},
}
"""What is plain text in the code: records of other versions must be read, whatever they say."""

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Headrace API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/docs/favicon-32x32.png"><link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><main id="swagger-ui"></main>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>
"""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)

DOCUMENTED = [
    single_enrich,
    queue_enrich,
    bulk_enrich,
    contact,
    bulk_progress,
    stored_enrichment,
    verify_email,
    account_credits,
    account_details,
    own_deliveries,
    replay_own,
    *admin.ROUTES,
    healthz,
    readyz,
    metrics,
]
"""The endpoints that the document describes."""

CONFIG = OpenAPIConfig(
    title="Headrace",
    version=VERSION,
    summary="Find a person's professional e-mail, phone and personal e-mail now, in one request.",
    description="Every error, on every path, is `{error, message, code}`; `error` repeats the HTTP status. "
    "An operator's key opens `/admin/v1` and nothing else; an account's key opens all but that.",
    components=Components(
        security_schemes={
            name: SecurityScheme(type="apiKey", name="X-API-KEY", security_scheme_in="header")
            for name in (API_KEY, ADMIN_KEY)
        }
    ),
)


@cache
def document() -> dict[str, Any]:
    """The whole OpenAPI 3.1 document, put together when somebody first asks for it.

    From an application of its own: the one that serves would add the framework's documentation pages, which
    load their assets from elsewhere.
    """
    schema = Litestar(DOCUMENTED, openapi_config=CONFIG, logging_config=None).openapi_schema.to_schema()
    _, components = msgspec.json.schema_components(
        [EnrichRequest, BulkRequest, Person, VerifyRequest, *REQUESTS],
        ref_template="#/components/schemas/{name}",
    )
    shapes = schema["components"]["schemas"]
    shapes |= components
    shapes["BulkRequest"]["properties"]["contacts"]["items"] = {"$ref": "#/components/schemas/Person"}
    for name in ("EnrichRequest", "Person", "EnrichAnswer", "PendingAnswer", "ContactAnswer", "StoredAnswer"):
        shapes[name]["properties"]["custom"] = {
            "type": "object",
            "description": "Any object, at most 32 levels deep; comes back unchanged.",
        }
    # The framework announces an error of its own wherever a path has a parameter; ours are all told.
    for methods in schema["paths"].values():
        for operation in methods.values():
            if "$ref" not in str(operation["responses"].get("400", "$ref")):
                del operation["responses"]["400"]
    schema["components"]["headers"] = HEADERS
    _name_words(shapes)
    _complete(schema)
    # As they are listed above; the framework keeps a handler's paths in a set.
    paths = (_told(path) for endpoint in DOCUMENTED for path in sorted(endpoint.paths))
    schema["paths"] = {path: schema["paths"][path] for path in paths if path in schema["paths"]}
    plain: dict[str, Any] = _plain(schema)
    return plain


def _told(path: str) -> str:
    """The path as the document writes it."""
    return path.replace(":str}", "}")


def _name_words(shapes: dict[str, Any]) -> None:
    """The words that a text can be, where its type does not say so."""
    for shape, properties in _WORDS.items():
        for name, words in properties.items():
            schema = shapes[shape]["properties"][name]
            text = next(choice for choice in schema.get("oneOf", [schema]) if choice["type"] == "string")
            text["enum"] = list(map(str, words))


def _complete(schema: dict[str, Any]) -> None:
    """What the framework leaves out: nulls in examples, which then are none, and the headers of answers."""
    for endpoint in DOCUMENTED:
        for path, method in product(endpoint.paths, endpoint.http_methods):
            operation = schema["paths"].get(_told(path), {}).get(method.lower(), {})
            for status, answer in (endpoint.responses or {}).items() if operation else ():
                told = operation["responses"][str(status)]
                shown = told["content"][_JSON].get("examples", {})
                for example, meant in zip(shown.values(), answer.examples or (), strict=False):
                    example["value"] = meant.value
                names = (*(answer.headers if isinstance(answer, Answered) else ()), SANDBOX)
                told["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _plain(schema: Any) -> Any:
    """The schema without choices that are none: a single one, or an integer beside any number, which an
    integer would fit twice."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _plain(value) for key, value in schema.items()}
    choices = plain.get("oneOf")
    if isinstance(choices, list):
        if {"type": "number"} in choices:
            choices = [choice for choice in choices if choice != {"type": "integer"}]
        plain["oneOf"] = choices
        if len(choices) == 1:
            del plain["oneOf"]
            plain |= choices[0]
    return plain


@get("/openapi.json", include_in_schema=False)
async def openapi_json() -> Response[bytes]:
    """The OpenAPI document."""
    return Response(_encode(document()), media_type=MediaType.JSON)


@get("/docs", include_in_schema=False)
async def docs_page() -> Response[str]:
    """The document as a page to read and try out."""
    return Response(_PAGE, media_type=MediaType.HTML, headers={"Content-Security-Policy": _POLICY})


@get("/docs/{name:str}", include_in_schema=False)
async def docs_asset(name: FromPath[str]) -> Response[bytes]:
    """What the page loads."""
    if name == "start.js":
        return Response(_START.encode(), media_type="text/javascript")
    if name == "openapi.json":
        return Response(_encode(for_older_readers(document())), media_type=MediaType.JSON)
    if name not in _ASSETS:
        raise Problem("not_found", detail="There is nothing at this path")
    return Response(_asset(name), media_type=_ASSETS[name], headers={"Cache-Control": "max-age=86400"})


@cache
def _asset(name: FromPath[str]) -> bytes:
    # Imported here: only somebody who opens the page should wait for it.
    from swagger_ui_bundle import swagger_ui_path  # noqa: PLC0415

    return (Path(str(swagger_ui_path)) / name).read_bytes()


def for_older_readers(schema: Any) -> Any:
    """The document as OpenAPI 3.0, which is what the page's renderer understands: no `null` type."""
    if isinstance(schema, list):
        return [for_older_readers(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: for_older_readers(value) for key, value in schema.items()}
    if plain.get("openapi", "").startswith("3.1") if isinstance(plain.get("openapi"), str) else False:
        plain["openapi"] = "3.0.3"
        plain.get("info", {}).pop("summary", None)
    for union in ("oneOf", "anyOf"):
        if isinstance(plain.get(union), list) and {"type": "null"} in plain[union]:
            plain[union] = [item for item in plain[union] if item != {"type": "null"}]
            plain["nullable"] = True
    return plain
