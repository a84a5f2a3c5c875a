"""Pictures in a style: g(y, z) of Texture Networks, seamless where the picture is, and in blocks like all else."""

from texnet_core.stylization.content import Content, read_content
from texnet_core.stylization.files import StylizedFile, stylize_file
from texnet_core.stylization.in_memory import Stylized, colors_of, stylize
from texnet_core.stylization.request import StylizeRequest, Wrap

__all__ = [
    "Content",
    "StylizeRequest",
    "Stylized",
    "StylizedFile",
    "Wrap",
    "colors_of",
    "read_content",
    "stylize",
    "stylize_file",
]
