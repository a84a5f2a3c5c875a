"""Sources of the core's that make a generator of an image at once, for people."""

METHODS: tuple[tuple[str, str, str], ...] = (
    (
        "collage",
        "Collage",
        "Pieces of the image itself, blended, for sand, grass, gravel and the like; large shapes show ghosts. "
        "The generator's file holds the image",
    ),
)
