"""Materials for other programs: MaterialX and glTF documents that name the pictures of a map set."""

from texnet_core.exchange.gltf import gltf_text
from texnet_core.exchange.materialx import materialx_text
from texnet_core.exchange.saved import Place, SavedMaterial

__all__ = ["Place", "SavedMaterial", "gltf_text", "materialx_text"]
