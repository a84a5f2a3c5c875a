"""The Python on every page runs as it stands; what needs Blender runs in tests/blender/test_docs.py."""

import shutil

import pytest

from tests.conftest import ROOT
from tests.docs.pages import pages_with_python

PYTHON = pages_with_python(in_blender=False)


@pytest.fixture
def folder(random_vgg19_file, tmp_path, monkeypatch):
    """The current folder, with the one file that the pages speak of."""
    shutil.copy(ROOT / "docs" / "images" / "tutorial-exemplar.jpg", tmp_path / "wall.jpg")
    monkeypatch.setenv("TEXNET_VGG19", str(random_vgg19_file))  # or it would be downloaded
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("page", PYTHON)
def test_the_python_of_a_page_runs(page, folder):
    """The blocks of a page follow each other, as a reader would type them."""
    names = {"__name__": "__main__"}
    for block in PYTHON[page]:
        exec(compile(block.source, block.page, "exec"), names)
