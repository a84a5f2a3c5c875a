"""A style is learned from an image, in a backend that is this very Python, and paints at once."""

import importlib.util
import sys

import numpy as np
import pytest
from PIL import Image

from tests.blender.stylized import SETTING
from tests.blender.test_training import SET_UP

pytestmark = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="a backend needs torch")


def test_a_style_is_learned_from_an_image_of_the_file_and_is_in_its_own_gallery(blender, random_vgg19_file, tmp_path):
    (tmp_path / "photographs").mkdir()
    levels = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    Image.fromarray(levels).save(tmp_path / "photographs" / "one.png")
    (state,) = blender(
        SETTING
        + SET_UP
        + """
        library, training = module("library"), module("training")
        image = drawn("Painting", 172, 172)
        before = len(library.list_sources())
        job = training.TrainingOptions.job
        def quick(self):
            return job(self) | {"batch": 2, "levels": 3, "exemplar_size": 172, "pool": 2, "directions": 8,
                                "positions": 64, "device": "cpu", "precision": "f32"}
        put(training.TrainingOptions, "job", quick)
        result = bpy.ops.texnet.train(image="Painting", learns="STYLE", steps=10, size=64, content=values["content"])
        (made,) = library.list_own_styles()[-1:]
        (painted,) = api.stylize(image, made.name)
        again = error_of(bpy.ops.texnet.train, image="Painting", learns="STYLE", steps=10, size=64)
        answer({"result": list(result), "title": made.title, "sources": len(library.list_sources()) - before,
                "painted": painted.name, "again": again, "changed": bool((pixels(painted) != pixels(image)).any())})
        """,
        python=sys.executable,
        vgg19=str(random_vgg19_file),
        library=str(tmp_path),
        content=str(tmp_path / "photographs"),
        style="",
    )
    assert state["result"] == ["FINISHED"] and state["title"] == "Painting" and state["sources"] == 0
    assert state["painted"] == "Painting Painting" and state["changed"]
    assert "generator called Painting" in state["again"]
