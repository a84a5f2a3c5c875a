"""Packages of the extra [dask], and what is said where they are missing."""

from collections.abc import Iterator
from contextlib import contextmanager

from texnet_core.errors import EngineError


@contextmanager
def needing(what: str) -> Iterator[None]:
    """Explain an import that fails; `what` begins the sentence.

    Raises:
        EngineError: a package of the extra is missing or broken.
    """
    try:
        yield
    except ImportError as error:
        package = error.name or "a package"
        raise EngineError(
            f"{what} needs {package.partition('.')[0]}, which cannot be imported",
            expected=package,
            remedy="run: pip install 'texnet[dask]'",
        ) from error
