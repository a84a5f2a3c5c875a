"""What several jobs of a list share is made once."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class OpenOnce(Generic[K, V]):
    """A cache whose values are made once, also when several threads ask for one; errors are raised for each.

    With `most`, only so many values are kept, those that were asked for last.
    """

    def __init__(self, most: int = 0) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._locks: dict[K, threading.Lock] = {}
        self._values: dict[K, V] = {}

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The value of a key, which is made where there is none."""
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            value = self._values.pop(key) if key in self._values else make()
            self._values[key] = value  # the last now
            if self._most:
                self._forget()
            return value

    def _forget(self) -> None:
        with self._lock:
            for key in list(self._values)[: -self._most]:
                self._values.pop(key, None)
                self._locks.pop(key, None)
