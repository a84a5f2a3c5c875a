"""VGG-19's weights for figures: those that lie on this computer, or why they cannot be had. Nothing is downloaded."""

import os
from typing import TYPE_CHECKING

from texnet_core.errors import WeightsError
from texnet_core.settings import DescriptorSettings

if TYPE_CHECKING:
    from texnet_core.descriptor.weights import Vgg19Weights

NO_WEIGHTS = "no weights of VGG-19 were found; vgg19 or $TEXNET_VGG19 can name them"


def usable_weights(descriptor: DescriptorSettings) -> "Vgg19Weights | str":
    """The weights, or why there are none.

    Raises:
        WeightsError: weights that were named cannot be used.
    """
    try:
        from texnet_core.descriptor.weights import PATH_VARIABLE, find_vgg19, load_vgg19
        from texnet_core.evaluation import texture_metric  # noqa: F401 - whatever the figures need must be there
    except (ImportError, OSError):
        return "torch, which VGG-19 needs, is missing or broken in this Python"
    file = find_vgg19(descriptor.vgg19)
    if file is None:
        return NO_WEIGHTS
    try:
        return load_vgg19(descriptor.vgg19, descriptor.vgg19_input)
    except WeightsError as error:
        if descriptor.vgg19:  # those that were named must do
            raise
        found = error.found.replace(str(file), file.name)  # reports are shown to others
        remedy = f"correct or unset ${PATH_VARIABLE}" if os.environ.get(PATH_VARIABLE) else "delete that file"
        return f"VGG-19's weights cannot be used ({found}); {remedy}"
