"""Many cases in one test: the case that fails is named."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def case(name: object) -> Iterator[None]:
    """Add the case's name to whatever goes wrong in the block."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"case: {name}")
        raise
