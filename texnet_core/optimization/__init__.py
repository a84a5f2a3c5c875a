"""One picture by moving its pixels, without a generator."""

from texnet_core.optimization.painting import optimize_painting
from texnet_core.optimization.pixels import Optimized, optimize

__all__ = ["Optimized", "optimize", "optimize_painting"]
