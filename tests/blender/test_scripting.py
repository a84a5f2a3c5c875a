"""Scripts: the examples of the documentation run as they stand, and every function of `api`."""

import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "scripting.md").read_text(), re.DOTALL)


def example(word):
    (found,) = (code for code in EXAMPLES if word in code and len(code.splitlines()) > 1)
    return found


def test_every_selected_object(blender):
    (state,) = blender(
        """
        for x in (3, 6):
            bpy.ops.mesh.primitive_cube_add(location=(x, 0, 0))
        bpy.ops.object.select_all(action="SELECT")
        exec(values["code"])
        cubes = [thing for thing in bpy.context.selected_objects if thing.type == "MESH"]
        nodes = [cube.active_material.node_tree.nodes for cube in cubes]
        answer({"materials": len({cube.active_material.name for cube in cubes}),
                "kept": bpy.data.materials["Material"].use_fake_user,
                "records": sorted([tree.active.image["texnet"]["source"], tree.active.image["texnet"]["seed"]]
                                  for tree in nodes),
                "scales": [list(tree["Mapping"].inputs["Scale"].default_value)[0] for tree in nodes]})
        """,
        code=example("api.fill"),
    )
    assert state["materials"] == 3 and state["kept"], "what was replaced must not vanish when the file is saved"
    assert state["records"] == [["moss", 8], ["rock", 7], ["rock", 9]]
    assert state["scales"] == pytest.approx([4, 4, 4], abs=0.01)  # 8 m a UV unit, 2 m a repeat


def test_twenty_textures_in_background(blender, tmp_path):
    from PIL import Image

    (state,) = blender(
        """
        sys.argv = ["blender", "-b", "--python", "twenty.py", "--", values["folder"]]
        exec(values["code"])
        answer([bpy.app.background, textures()])
        """,
        code=example("itertools"),
        folder=str(tmp_path / "new" / "folder"),
    )
    assert state == [True, []]
    files = sorted((tmp_path / "new" / "folder").iterdir())
    for file in files:
        with Image.open(file) as image:
            assert image.size == (256, 128)
    colors = [file for file in files if file.stem.endswith("_albedo")]  # a material has more maps
    assert len(colors) == len({file.read_bytes() for file in colors}) == 20


def test_materials_to_choose_from(blender):
    (state,) = blender(
        """
        exec(values["code"])
        made = [material for material in bpy.data.materials if material.asset_data]
        answer([len(made), [image.is_float for image in map(bpy.data.images.get, textures())]])
        """,
        code=example("asset_mark"),
    )
    assert state == [3, [True] * 3]


def test_the_operator(blender):
    (state,) = blender(
        """
        exec(values["code"])
        answer([textures(), list(bpy.data.images["moss_albedo_7"].size)])
        """,
        code=example("texnet.generate(source"),
    )
    assert state == [["moss_albedo_7"], [1024, 512]]


def test_batch_operator(blender, artifact_file, tmp_path):
    (state,) = blender(
        """
        size = {"width": 64, "height": 64}
        bpy.ops.texnet.batch(source="moss, bricks", count=2, goal="FOLDER", folder=values["folder"], **size)
        bpy.ops.texnet.batch(source="moss", count=2, goal="MATERIALS", **size)
        bpy.ops.object.select_all(action="DESELECT")
        nobody = error_of(bpy.ops.texnet.batch, source="moss", goal="SELECTED", **size)
        bpy.data.objects["Cube"].select_set(True)
        bpy.ops.texnet.batch(source="bricks", goal="SELECTED", **size)
        answer({"files": sorted(os.listdir(values["folder"])), "textures": textures(), "nobody": nobody,
                "cube": bpy.data.objects["Cube"].active_material.name,
                "no folder": error_of(bpy.ops.texnet.batch, source="moss", goal="FOLDER", **size)})
        """,
        folder=str(tmp_path),
    )
    names = [f"{name}_{seed}_albedo.png" for name in ("bricks", "moss") for seed in (0, 1)]
    assert state["files"] == names
    assert (
        sorted(state["textures"]) == ["bricks_albedo_0", "moss_albedo_0", "moss_albedo_1"] and state["cube"] == "Bricks"
    )
    assert "can have a material" in state["nobody"] and "folder" in state["no folder"]


def test_wrong_options_are_one_clear_line_and_leave_nothing(blender, tmp_path):
    (state,) = blender(
        """
        api = module("api")
        from texnet_core.errors import TexnetError
        messages = []
        open(os.path.join(values["folder"], "file"), "w").close()
        for call in (lambda: api.texture("nosuch"), lambda: api.texture("moss", size=8), lambda: api.fill([], "moss"),
                     lambda: api.texture("moss", tile="z"), lambda: api.texture("moss", color=1),
                     lambda: api.texture("moss", depth=12), lambda: api.textures("moss", 2, size=(64,)),
                     lambda: api.fill(bpy.data.objects, []), lambda: api.texture("moss", size="large"),
                     lambda: api.save("moss", os.path.join(values["folder"], "file"), size=64)):
            try:
                call()
                messages.append("")
            except TexnetError as error:
                messages.append(str(error))
        answer([messages, textures(), os.listdir(values["folder"])])
        """,
        folder=str(tmp_path),
    )
    assert all(re.fullmatch("[^;]+; .+", message) for message in state[0]), state[0]
    assert state[1] == [] and state[2] == ["file"]


def test_unused_textures_and_materials_can_go(blender, artifact_file):
    (state,) = blender(
        """
        api = module("api")
        api.textures(values["source"], 2, size=64)
        shown = api.material(values["source"], size=64, seed=9)
        bpy.context.view_layer.objects.active.active_material = shown
        api.material(values["source"], size=64, seed=10)
        answer([api.remove_unused(), textures(), [m.name for m in bpy.data.materials if m.name.startswith("Random")]])
        """,
        source=str(artifact_file),
    )
    assert state == [[1, 3], ["random_albedo_9"], ["Random"]]


def test_an_add_on_that_is_not_enabled_says_so_in_one_line(blender):
    (state,) = blender(
        """
        import importlib.util
        name = "bl_ext.user_default.texnet"
        api = module("api")
        bpy.ops.preferences.addon_disable(module=name)
        told = []
        for call in (api.sources, lambda: api.texture("moss", size=64), lambda: api.preview_pixels("moss")):
            try:
                call()
            except api.RequestError as error:
                told.append(str(error))
        for loaded in [loaded for loaded in sys.modules if loaded.startswith((name, "texnet_core"))]:
            del sys.modules[loaded]
        put(importlib.util, "find_spec", lambda name, package=None: None)
        try:
            __import__(name + ".api")
        except ImportError as error:
            told.append(str(error))
        answer(told)
        """
    )
    assert len(state) == 4
    for told in state:
        assert told.startswith("TexNet is not enabled;") and "\n" not in told
        assert "addon_enable(module='bl_ext.user_default.texnet')" in told


def test_preview_is_the_corner_of_the_texture(blender, artifact_file, tmp_path):
    blender(
        """
        import numpy as np
        api = module("api")
        np.save(values["npy"], api.preview_pixels(values["source"], size=512, seed=3))
        """,
        source=str(artifact_file),
        npy=str(tmp_path / "preview.npy"),
    )
    from tests.conftest import texture
    from texnet_core import read_artifact
    from texnet_core.pictures.color import quantize

    whole = quantize(texture(read_artifact(artifact_file), 512, 512, 3), 8)
    assert np.array_equal(np.load(tmp_path / "preview.npy"), whole[:256, :256])


def test_the_live_preview_ends_at_what_is_wanted_and_shows_a_draft_first_where_that_is_slow(blender, artifact_file):
    (state,) = blender(
        """
        import numpy as np
        from dataclasses import replace
        preview, make, request = module("preview"), module("preview_jobs").make, module("request")
        shown, captions = [], []
        follower = preview.Follower()
        follower._show = lambda pixels, step: (shown.append(pixels), captions.append(step.caption))
        def settle():
            wait_for(lambda: follower.tick() is None)
        plain = request.TextureRequest(values["source"], 512, 512)
        for seed in range(5):
            follower.want(replace(plain, seed=seed))
            follower.tick()
        settle()
        counts, last = [len(shown)], bool((shown[-1] == make(replace(plain, seed=4))).all())
        small = replace(plain, scale=0.5)
        follower.want(small)
        settle()
        counts.append(len(shown) - counts[0])
        draft = shown[-2]
        answer({"counts": counts, "last": last, "exact": bool((shown[-1] == make(small)).all()),
                "repeats": bool((draft[:128] == draft[128:]).all()), "again": follower.want(small),
                "captions": captions[-2:]})
        follower.remove()
        """,
        source=str(artifact_file),
    )
    assert state["last"] and state["exact"] and state["repeats"] and not state["again"]
    assert state["counts"][0] <= 5 and state["counts"][1] == 2
    assert state["captions"] == ["Draft", "Upper Left of 512 x 512 Texels"]


def test_the_live_preview_shows_the_whole_tile_and_says_where_it_stands_for_a_larger_one(blender, artifact_file):
    (state,) = blender(
        """
        import numpy as np
        from dataclasses import replace
        preview, jobs, request = module("preview"), module("preview_jobs"), module("request")
        put(jobs, "WHOLE_SIDE", 768)
        shown = []
        follower = preview.Follower()
        follower._show = lambda pixels, step: shown.append((step.caption, pixels))
        def settle(*arguments):
            follower.want(*arguments, "WHOLE")
            wait_for(lambda: follower.tick() is None)
        small = request.TextureRequest(values["source"], 512, 256, seed=1)
        settle(small)
        settle(replace(small, width=768, height=768))
        settle(replace(small, width=4096, height=2048))
        full = module("api").texture(values["source"], size=(512, 256), seed=1)["albedo"]
        pixels = np.empty(len(full.pixels), np.float32)
        full.pixels.foreach_get(pixels)
        boxes = pixels.reshape(256, 512, 4)[::-1, :, :3].reshape(128, 2, 256, 2, 3).mean((1, 3)) * 255
        answer({"captions": [caption for caption, _ in shown], "shapes": [list(made.shape) for _, made in shown],
                "off": float(np.abs(boxes - shown[0][1]).max())})
        follower.remove()
        """,
        source=str(artifact_file),
    )
    assert state["captions"] == [
        "All 512 x 256 Texels",
        "Draft: a Smaller Tile",
        "All 768 x 768 Texels",
        "Draft: a Smaller Tile",
        "A Tile of 768 x 384, for 4096 x 2048 Texels",
    ]
    assert state["shapes"] == [[128, 256, 3], [256, 256, 3], [256, 256, 3], [128, 256, 3], [128, 256, 3]]
    assert state["off"] <= 0.51


def test_nine_seeds_are_shown_after_the_preview_and_each_is_the_corner_of_its_texture(blender, artifact_file):
    state, of_another = blender(
        """
        from dataclasses import replace
        preview, make, request = module("preview"), module("preview_jobs").make, module("request")
        drawn = []
        follower = preview.Follower()
        follower._draw = lambda name, pixels: drawn.append((name, pixels))
        settings = bpy.context.scene.texnet
        plain = request.TextureRequest(values["source"], 512, 512, seed=5)
        settle = lambda: wait_for(lambda: follower.tick() is None)
        follower.want_seeds(plain, 20)
        follower.want(plain)
        settle()
        pictures = [(name, pixels) for name, pixels in drawn if pixels is not module("follower").BLANK]
        bpy.ops.texnet.turn_seeds(step=9)
        bpy.ops.texnet.use_seed(seed=settings.first_seed + 1)
        same = [bool((pixels == make(replace(plain, seed=20 + number))).all())
                for number, (_, pixels) in enumerate(pictures[1:])]
        answer({"names": [name for name, _ in pictures], "same": same, "again": follower.want_seeds(plain, 20),
                "other seed": follower.want_seeds(replace(plain, seed=6), 20), "chosen": settings.seed})
        follower.want_seeds(plain, 30)
        follower.tick()  # the first is being made when another surface is chosen
        drawn.clear()
        moss = replace(plain, source="moss")
        follower.want_seeds(moss, 30)
        settle()
        answer([name == f"seed {number}" and bool((pixels == make(replace(moss, seed=30 + number))).all())
                for number, (name, pixels) in enumerate(drawn)])
        follower.remove()
        """,
        source=str(artifact_file),
    )
    assert state["names"] == ["live", *(f"seed {number}" for number in range(9))]
    assert state["same"] == [True] * 9 and state["chosen"] == 10
    assert not state["again"] and not state["other seed"]
    assert of_another == [True] * 9
