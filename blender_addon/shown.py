"""Which texture of TexNet's a material shows."""

from typing import Any

from . import history, images
from .request import TextureRequest


def image_of(material: Any) -> Any:
    """The image that stands for the texture on a material: its color, else the first of its maps; None for none."""
    tree = material.node_tree if material is not None else None
    nodes = [node for node in tree.nodes if node.type == "TEX_IMAGE"] if tree is not None else []
    found = [node.image for node in nodes if history.request_of(node.image) is not None]
    colors = [image for image in found if (images.record_of(image) or {})["map"] == "albedo"]
    return next(iter([*colors, *found]), None)


def request_on(material: Any) -> TextureRequest | None:
    """What the texture on a material was made from, or None."""
    image = image_of(material)
    return history.request_of(image) if image is not None else None
