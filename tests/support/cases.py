"""Names for the cases of a test that loops over many."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def case(name: object) -> Iterator[None]:
    """Add the name of the case to any exception from the block."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"case: {name}")
        raise
