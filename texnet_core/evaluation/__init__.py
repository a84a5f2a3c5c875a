"""How good a texture is, in figures. docs/results.md gives each one's formula and source.

Pictures are (height, width, 3) float32 arrays, sRGB in [0, 1].
"""
