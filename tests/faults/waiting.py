"""Waiting for what must become true, by asking again rather than by the clock."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

QUESTIONS = 20_000


async def until(question: Callable[[], Awaitable[T | None]]) -> T:
    """The first answer that is one. Each question is a request of its own, so this takes its time."""
    for _ in range(QUESTIONS):
        answer = await question()
        if answer:
            return answer
    raise AssertionError("it never became true")
