"""Materials from files: which file is which map, and maps as the core wants them."""

from texnet_core.materials.reading import Material, is_material, read_material, read_surface

__all__ = ["Material", "is_material", "read_material", "read_surface"]
