"""What several jobs or threads share is made once."""

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
            with self._lock:
                if key in self._values:
                    self._values[key] = value = self._values.pop(key)  # the last now
                    return value
            value = make()
            with self._lock:
                self._values[key] = value
                self._forget()
            return value

    def _forget(self) -> None:
        for key in list(self._values)[: -self._most] if self._most else ():
            del self._values[key]
            self._locks.pop(key, None)
