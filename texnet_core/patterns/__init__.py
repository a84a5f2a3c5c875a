"""Patterns that repeat: their waves, and which repeat a texel lies in."""
