"""How many of some lessons count: by chance two addresses are taken for one."""

from collections.abc import Iterable

from headrace.engine.own.knowing import Lesson
from headrace.storage.opening import Storage


def distinct(storage: Storage, lessons: Iterable[Lesson]) -> int:
    """Of lessons about one domain, as many as have a tag of their own."""
    return len({storage.knowledge._tag(each) for each in lessons})
