"""Pictures in and out: files, color, and what a photograph of a surface must be."""
