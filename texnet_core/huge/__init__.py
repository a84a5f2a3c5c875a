"""Planes that no machine holds: lazy arrays of them, Zarr groups and tiles, made by one process or by many.

Any block of a plane is the same wherever it is made, so workers need a recipe and a window, and nothing of each other.
Dask, distributed and Zarr are imported where they are used; all else works without them.
"""
