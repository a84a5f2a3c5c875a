"""G'MIC's two ways to a texture, with their defaults where they have them: the free rival that many already have."""

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.float32]

# The picture, rolled by half, shows its seam as a cross in the middle, which is then filled from the rest.
_CROSS = (
    "shift 50%,50%,0,0,2 100%,100% rectangle. {near}%,0,{far}%,100%,1,1 rectangle. 0,{near}%,100%,{far}%,1,1 "
    "inpaint_matchpatch.. [1] keep[0]"
)
_CROSS_PERCENT = 6  # of 6, 10, 16 and 25, what smeared least


def texturize(exemplar: Picture, side: int, seed: int) -> Picture:
    """`syntexturize_matchpatch`; it does not say that it tiles."""
    return _run(f"syntexturize_matchpatch {side},{side}", exemplar, seed)


def inpaint(exemplar: Picture, side: int, seed: int) -> Picture:
    """Roll by half and fill the cross by `inpaint_matchpatch`; the size is the exemplar's own."""
    assert exemplar.shape[:2] == (side, side)
    cross = _CROSS.format(near=50 - _CROSS_PERCENT / 2, far=50 + _CROSS_PERCENT / 2)
    return _run(cross, exemplar, seed)


def _run(command: str, picture: Picture, seed: int) -> Picture:
    import gmic

    images = gmic.ImageList([gmic.Image.from_yxc(np.ascontiguousarray(picture * 255))])
    gmic.run(f"verbose - srand {seed} {command}", images)
    columns_first = images[0].to_numpy()[:, :, 0]  # (width, height, 3)
    return np.clip(columns_first.transpose(1, 0, 2) / np.float32(255), 0, 1).astype(np.float32)
