"""Properties are about what comes out, and not about how soon."""

from tests.domain.unhurried import unhurried

unhurried()
