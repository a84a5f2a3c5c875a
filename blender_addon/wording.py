"""Texts as they are put together for people."""


def sentence(text: str) -> str:
    """The text with a capital at the beginning, unless it begins with a file's name: as a line of its own."""
    first = text.partition(" ")[0]
    return text[:1].upper() + text[1:] if first.isalpha() else text


def clause(text: str) -> str:
    """The text without one: inside a sentence."""
    return text[:1].lower() + text[1:]


def counted(number: int, noun: str) -> str:
    """1 file, 2 files."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
