"""Sources of the core's that make a generator of an image at once, for people; the first is the default."""

METHODS: tuple[tuple[str, str, str], ...] = (
    (
        "instant",
        "Generated",
        "A new surface like that of the image; nothing is copied. For natural surfaces; bricks and patterns lose their "
        "order. Detail is that of the image at 256 texels",
    ),
    (
        "collage",
        "Collage",
        "Pieces of the image itself, blended, in full detail, for sand, grass, gravel and the like; large shapes show "
        "ghosts. The generator's file holds the image",
    ),
)
