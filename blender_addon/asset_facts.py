"""What an asset says of itself: author, license, source, tags and kind, as the card of its generator has them."""

from dataclasses import asdict, dataclass
from typing import Any, Self

from texnet_core.model.header import Header
from texnet_core.model.look_maps import derived_maps

OTHER = "Other"  # the kind of what says none
_MOST_TAG = 63  # bytes, which Blender's tags hold


@dataclass(frozen=True)
class Facts:
    """What is written on an asset.

    Attributes:
        author: who made the exemplar.
        license: of the exemplar.
        description: a sentence, with the source of the exemplar where that is known.
        tags: words to search by.
        catalog_id: of its catalog, "" for none.
    """

    author: str = ""
    license: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    catalog_id: str = ""

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """The same from JSON."""
        return cls(**record | {"tags": tuple(record["tags"])})


def kind_of(card: Header | None) -> str:
    """The kind of surface, as a title: Stone; Other where the card says none."""
    return (card.provenance.kind.strip().title() if card is not None else "") or OTHER


def facts_of(card: Header | None, catalog_id: str, *, is_own: bool = False, has_look_maps: bool = False) -> Facts:
    """What is known of a material from its generator's card.

    Args:
        card: of the generator, or None.
        catalog_id: of its catalog.
        is_own: the generator is the user's own.
        has_look_maps: it has images of the maps that its look tells.
    """
    tags = ["TexNet", "seamless", *(["own"] if is_own else [])]
    if card is None:
        return Facts(tags=tuple(tags), catalog_id=catalog_id)
    told = card.provenance
    maps = (*card.maps, *(derived_maps(card) if has_look_maps else ()))
    derived = any(spec.derived for spec in maps)
    tags += [told.kind, *(["derived maps"] if derived else []), told.license]
    source = ", ".join(filter(None, (told.exemplar, told.source)))
    sentences = ["Seamless material made by TexNet"]
    sentences += [f"Learned from {source}"] if source else []
    sentences += ["Some of its maps were derived from its colors"] if derived else []
    return Facts(
        author=told.author,
        license=told.license,
        description=". ".join(sentences),
        tags=tuple(dict.fromkeys(tag.encode()[:_MOST_TAG].decode(errors="ignore") for tag in tags if tag)),
        catalog_id=catalog_id,
    )
