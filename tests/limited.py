"""Limits of this process, as `ulimit` sets them."""

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def limited(name: str, most: int) -> Iterator[None]:
    """A limit of this process, by its name in `resource`, for a while."""
    import resource

    what: int = getattr(resource, name)
    before = resource.getrlimit(what)
    resource.setrlimit(what, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(what, before)
