"""The Python on every page that needs Blender runs in it as it stands."""

import pytest

from tests.docs.pages import pages_with_python

PYTHON = pages_with_python(in_blender=True)


@pytest.mark.parametrize("page", PYTHON)
def test_the_python_of_a_page_runs_in_blender(blender, page, tmp_path):
    """The blocks of a page follow each other in one Blender."""
    (done,) = blender(
        """
        os.chdir(values["folder"])
        names = {"__name__": "__main__"}
        for source, page in values["blocks"]:
            exec(compile(source, page, "exec"), names)
        answer(len(values["blocks"]))
        """,
        folder=str(tmp_path),
        blocks=[(block.source, block.page) for block in PYTHON[page]],
    )
    assert done == len(PYTHON[page])
