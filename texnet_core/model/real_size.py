"""How large a generator's features are in the world, as far as its card says it."""

from texnet_core.errors import RequestError
from texnet_core.lengths import length_text
from texnet_core.model.header import Header

ASSUMED_SIZE_M = 1.0  # meters that an exemplar's short side is taken to show where nobody said it
MAX_SIZE_M = 10_000_000.0  # a picture of the whole Earth


def texels_per_meter(header: Header) -> float:
    """How much detail a generator has: texels that it makes for a meter of surface."""
    return header.texels_per_exemplar / (header.size_m or ASSUMED_SIZE_M)


def size_note(header: Header, name: str, stated_by: str = "texnet info FILE --set-size 1.2m") -> str:
    """What a user should know where the size is only assumed; "" where it is known."""
    if header.size_m:
        return ""
    assumed = f"the real size of {name} is not known, so its picture is taken to show {length_text(ASSUMED_SIZE_M)}"
    return f"{assumed}; {stated_by} states it"


def check_size_m(meters: float, what: str) -> None:
    """Raise RequestError where that cannot be what a picture shows; `what` begins the message."""
    if not 0 < meters <= MAX_SIZE_M:
        raise RequestError(
            f"{what} cannot be {meters:g} m",
            expected=f"more than 0 and at most {MAX_SIZE_M:,.0f} m",
            remedy=f"give more than 0 and at most {MAX_SIZE_M:,.0f} m",
        )


def short_side_m(width_m: float, height: int, width: int) -> float | None:
    """What the short side of a picture of so many texels shows, where its width shows so many meters; 0 is unknown."""
    return width_m * min(height, width) / width if width_m else None
