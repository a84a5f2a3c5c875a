"""Frozen networks that turn a picture into feature maps, for the losses to compare.

A descriptor is a module: (N, 3, H, W) in [0, 1] -> layer name -> (N, C, h, w) in float32.
"""
