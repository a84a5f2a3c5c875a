"""Sources of the core's that make a generator of an image at once, for people."""

# name, label, tooltip; files of networks that adapt serve as well
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

FIRST_METHOD = METHODS[0][0]
