"""Generators with levels of detail, and what they are without them."""

from dataclasses import replace

from texnet_core.model.artifact import Artifact
from texnet_core.model.families.pyramid import PyramidSettings, name_under_detail
from texnet_core.model.header import Header


def detail_levels(header: Header) -> int:
    """How many levels of detail a generator has; each makes twice the texels along each side."""
    settings = header.settings
    return settings.detail_levels if isinstance(settings, PyramidSettings) else 0


def without_detail(artifact: Artifact) -> Artifact:
    """The generator that levels of detail were added to; the artifact itself where it has none.

    Its preview and the record of its training are those of the whole.
    """
    levels = detail_levels(artifact)
    if not levels:
        return artifact
    settings = artifact.settings
    assert isinstance(settings, PyramidSettings)
    factor = 1 << levels
    below = replace(
        artifact,
        settings=replace(settings, detail_levels=0),
        texels_per_exemplar=artifact.texels_per_exemplar // factor,
        waves=tuple((down * factor, across * factor) for down, across in artifact.waves),
        parameters={},
    )
    parameters = {name: artifact.parameters[_within(name, levels)] for name in below.design.parameter_shapes}
    return replace(below, parameters=parameters)


def _within(name: str, levels: int) -> str:
    for _ in range(levels):
        name = name_under_detail(name)
    return name
