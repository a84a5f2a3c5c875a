"""At which sizes a generator saw its exemplar in training, as its card tells, which may come from anybody."""

from texnet_core.errors import ArtifactError, Range, RequestError
from texnet_core.model.artifact import Artifact
from texnet_core.model.detail import detail_levels
from texnet_core.settings import TrainSettings

_SIZES = range(28, 2400)  # that an exemplar can have had: 32 to 2048, and what fits a pattern to a sample


def training_size(artifact: Artifact) -> int:
    """Texels of the exemplar's short side, as training saw it as a whole.

    Raises:
        ArtifactError: they make no sense.
        RequestError: they are those of a picture that is kept, and too many.
    """
    size = whole_side(artifact)
    if size not in _SIZES and artifact.copies:
        raise RequestError(
            f"the generator holds a picture of {size} texels, which is too large to be measured",
            expected=Range(_SIZES.start, _SIZES.stop - 1),
            remedy="make it with a smaller exemplar size",
        )
    if size not in _SIZES:
        raise ArtifactError(
            f"the generator tells a senseless training size of {size} texels",
            expected=Range(_SIZES.start, _SIZES.stop - 1),
            remedy="train it again",
        )
    return size


def sample_size(artifact: Artifact) -> int:
    """The size that samples had in training, to which a pattern was fitted; else the exemplar's, in whole cells.

    Sizes that are no whole cells would be resampled, which blurs what is measured.
    """
    cell, size = artifact.graph.cell_texels, artifact.training.get("size")
    if isinstance(size, int) and _is_training_size(size) and size % cell == 0:
        return size
    return max(1, round(whole_side(artifact) / cell)) * cell


def whole_side(artifact: Artifact) -> int:
    return artifact.texels_per_exemplar >> detail_levels(artifact)


def asked_side(artifact: Artifact) -> int:
    """The side that training was asked for, before a pattern was fitted; the record may come from anybody."""
    asked = artifact.training.get("exemplar_size") or artifact.training.get("size")
    return asked if isinstance(asked, int) and asked in _SIZES else whole_side(artifact)


def _is_training_size(size: int) -> bool:
    """Whether samples can have had that size in training; the record may come from anybody."""
    try:
        TrainSettings(size=size).check()
    except RequestError:
        return False
    return True
