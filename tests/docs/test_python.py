"""The Python on every page runs as it stands; what needs Blender runs in tests/blender/test_docs.py."""

import pytest

from tests.conftest import picture
from tests.docs.pages import pages_with_python
from texnet_core import write_artifact
from texnet_core.pictures.color import quantize
from texnet_core.pictures.writing import write_image

PYTHON = pages_with_python(in_blender=False)


@pytest.fixture
def folder(artifact, random_vgg19_file, tmp_path, monkeypatch):
    """The current folder, with the files that the pages speak of."""
    import torch
    from safetensors.torch import load_file

    write_image(tmp_path / "wall.jpg", quantize(picture(300, 300), 8))
    write_artifact(tmp_path / "wall.texnet", artifact)
    torch.save(load_file(random_vgg19_file), tmp_path / "vgg19.pth")
    monkeypatch.setenv("TEXNET_VGG19", str(random_vgg19_file))
    monkeypatch.setenv("TEXNET_VGG19_INPUT", "torchvision")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", PYTHON)
def test_the_python_of_a_page_runs(page, folder):
    """The blocks of a page follow each other, as a reader would type them."""
    names = {"__name__": "__main__"}
    for block in PYTHON[page]:
        exec(compile(block.source, block.page, "exec"), names)
