"""TexNet's core: trains small texture generators and runs them. Knows no bpy, no command line, no printing.

Importing this package loads neither torch nor onnxruntime nor bpy; engines and training load when used.
Training lives in `texnet_core.training`, which needs torch.
"""

from texnet_core.engines import open_engine
from texnet_core.errors import Cancelled, RequestError, TexnetError
from texnet_core.huge.array import dask_array
from texnet_core.huge.writing import write_plane
from texnet_core.instant.keeping import keep
from texnet_core.instant.open import open_requested, open_source
from texnet_core.mapset import MapSet, MapSpec
from texnet_core.materials import read_material
from texnet_core.model.artifact import (
    Artifact,
    Header,
    Provenance,
    read_artifact,
    read_header,
    read_preview,
    write_artifact,
)
from texnet_core.model.families.pyramid import PyramidSettings
from texnet_core.presets import find_source, find_style, list_presets, list_styles
from texnet_core.progress import Progress
from texnet_core.synthesis.files import write_window
from texnet_core.synthesis.map_files import MapFiles
from texnet_core.synthesis.plane import Plane
from texnet_core.synthesis.request import TextureRequest
from texnet_core.synthesis.textures import open_plane, synthesize
from texnet_core.version import __version__

__all__ = [
    "Artifact",
    "Cancelled",
    "Header",
    "MapFiles",
    "MapSet",
    "MapSpec",
    "Plane",
    "Progress",
    "Provenance",
    "PyramidSettings",
    "RequestError",
    "TexnetError",
    "TextureRequest",
    "__version__",
    "dask_array",
    "find_source",
    "find_style",
    "keep",
    "list_presets",
    "list_styles",
    "open_engine",
    "open_plane",
    "open_requested",
    "open_source",
    "read_artifact",
    "read_header",
    "read_material",
    "read_preview",
    "synthesize",
    "write_artifact",
    "write_plane",
    "write_window",
]
