"""The nouns of operating: terms of accounts, keys, consents, secrets."""

from dataclasses import dataclass

from msgspec import Struct

from headrace.domain.model import Account, Thresholds

_USUAL = Thresholds()


class NameTaken(ValueError):
    """An account of that name exists."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator can set on an account. `max_age`, `miss_max_age`: for how many seconds an answer, or a
    vendor's "nothing", may be used again; 0: never. `deliverable`, `catch_all`, `invalid`: where the verdicts
    of our own verifier begin, as probabilities that a mailbox exists."""

    phone_countries: tuple[str, ...] = ()
    validation: str = "strict"  # strict | lenient
    email_status_vocabulary: str = "schema"  # schema | deliverability
    accept_risky: bool = False
    max_age: float = 0.0
    miss_max_age: float = 0.0
    deliverable: float = _USUAL.deliverable
    catch_all: float = _USUAL.catch_all
    invalid: float = _USUAL.invalid

    @classmethod
    def of(cls, account: Account) -> "Settings":
        return cls(
            account.phone_countries,
            "lenient" if account.lenient else "strict",
            "deliverability" if account.deliverability_vocabulary else "schema",
            account.accept_risky,
            account.max_age,
            account.miss_max_age,
            account.thresholds.deliverable,
            account.thresholds.catch_all,
            account.thresholds.invalid,
        )


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key at birth: `text` is shown once, only `digest` is kept."""

    id: str
    text: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A key as it is listed: never its text. Times are seconds since 1970."""

    id: str
    created_at: float
    revoked_at: float | None


@dataclass(frozen=True, slots=True)
class Consent:
    """One line of an account's consents. `action`: grant or withdraw; `version`: of the document."""

    document: str
    action: str
    version: str
    actor: str
    at: float


class Secret(Struct, frozen=True):
    """A signing secret; one that is being replaced is used until `until`, in seconds since 1970."""

    secret: str
    until: float | None = None
