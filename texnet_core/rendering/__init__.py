"""Maps as a material under light, drawn with NumPy alone: `lit_sphere` and `lit_plane`."""

from texnet_core.rendering.views import lit_plane, lit_sphere

__all__ = ["lit_plane", "lit_sphere"]
