"""Datablocks by number: unlike a reference, it may be kept while they are renamed, undone or removed."""

from typing import Any


def by_uid(blocks: Any, session_uid: int) -> Any:
    """The one of that number, or None; 0 is that of none."""
    return next((found for found in blocks if session_uid and found.session_uid == session_uid), None)
