"""From one picture of a surface to the other maps of a material: height, normals, roughness, ambient occlusion.

They are guesses, and marked as derived. docs/materials.md says how good they are.
"""

from texnet_core.derivation.derive import DERIVED_MAPS, derive_maps, with_derived_maps
from texnet_core.derivation.files import map_files, write_maps
from texnet_core.derivation.settings import DerivationSettings

__all__ = ["DERIVED_MAPS", "DerivationSettings", "derive_maps", "map_files", "with_derived_maps", "write_maps"]
