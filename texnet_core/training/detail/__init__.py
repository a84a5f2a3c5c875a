"""Levels of detail: what an exemplar has at its own resolution, learned level by level after the run on the whole."""
