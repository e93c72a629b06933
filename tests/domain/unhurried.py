"""How long examples of a property may take: as long as a machine that stands still makes them take."""

from hypothesis import HealthCheck, settings


def unhurried() -> None:
    """No example is too slow, from now on and for all who say nothing else."""
    settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("unhurried")
