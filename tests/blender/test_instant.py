"""From Image, Now: a texture of an image at once, by the bundled worker, without a backend and without torch."""

import pytest

from tests.core.networks import predicting_network
from texnet_core import write_artifact

METHODS = {"instant": "Generated", "collage": "Collage"}  # what they are called

SET_UP = """
        import numpy as np
        module("preferences").preferences().library = values["library"]

        def drawn(name, side=96, seed=0, flat=False):
            image = bpy.data.images.new(name, side, side)
            pixels = np.random.default_rng(seed).random((side, side, 4), np.float32)
            pixels[..., 3] = 1
            image.pixels.foreach_set(np.full_like(pixels, 0.5).ravel() if flat else pixels.ravel())
            image.pack()
            return image

        def library():
            return sorted(file.name for file in __import__("pathlib").Path(values["library"]).iterdir())

        now = bpy.ops.texnet.from_image_now
"""

# What a timer does in a window, step by step.
IN_WINDOW = """
        base, modal = module("operators.base"), module("operators.modal")
        put(base.Reporting, "execute", lambda self, context: base.reporting(self, lambda: self.begin(context, None)))

        def begun(**options):
            window = bpy.context.window_manager.windows[0]
            with bpy.context.temp_override(window=window, screen=window.screen):
                now(image="Sand", width=64, height=64, **options)
            return modal._live[-1]

        def ended(operator):
            status = wait_for(lambda: (found := operator._advance(bpy.context)) != {"PASS_THROUGH"} and found)
            operator._clean_up(bpy.context)
            return list(status)
"""


@pytest.mark.parametrize("method", METHODS)
def test_an_image_gives_a_texture_and_a_generator_that_makes_more(blender, tmp_path, method):
    (state,) = blender(
        SET_UP
        + """
        from texnet_core.model.artifact import read_preview
        drawn("Sand")
        options = {"method": values["method"], "width": 64, "height": 48, "seed": 3, "destination": "IMAGE"}
        result = now(image="Sand", real_width=0.5, **options)
        settings = bpy.context.scene.texnet
        source = settings.source_name
        card = module("library").card_named(source)
        made = next(image for image in bpy.data.images if "texnet" in image)
        request = module("history").request_of(made)
        bpy.ops.texnet.generate(source=source, width=64, height=48, seed=4, destination="IMAGE")
        settings.history_image = made.name
        bpy.ops.texnet.regenerate(factor=2)
        answer({"result": list(result), "library": library(), "size": card.size_m, "copies": card.family == "collage",
                "picture": len(read_preview(module("library").find(source).file)) > 1000, "look": bool(card.look),
                "record": [request.source == source, request.seed, list(made.size)],
                "textures": textures(), "sides": sorted(list(i.size) for i in bpy.data.images if "texnet" in i)})
        """,
        library=str(tmp_path),
        method=method,
    )
    assert state["result"] == ["FINISHED"] and state["library"] == [f"Sand {METHODS[method]}.texnet"]
    assert state["size"] == 0.5 and state["copies"] == (method == "collage")
    assert state["picture"] and state["look"]
    assert state["record"] == [True, 3, [64, 48]]
    assert state["sides"] == [[64, 48], [64, 48], [128, 96]]


@pytest.mark.parametrize("method", METHODS)
def test_the_same_image_has_one_file_and_another_of_its_name_has_its_own(blender, tmp_path, method):
    (state,) = blender(
        SET_UP
        + """
        from bl_ext.user_default.texnet import api
        image, method = drawn("Sand"), values["method"]
        first = api.source_from_image(image, method)
        again = api.source_from_image(image, method)
        bpy.data.images.remove(image)
        other = api.source_from_image(drawn("Sand", seed=1), method)
        named = api.source_from_image(drawn("Moss", seed=2), method, name="Lawn")
        material = api.material(named, size=64)
        answer({"same": first == again, "library": library(), "material": material.name, "other": other != first})
        """,
        library=str(tmp_path),
        method=method,
    )
    assert state["same"] and state["other"] and state["material"] == "Lawn"
    called = METHODS[method]
    assert state["library"] == ["Lawn.texnet", f"Sand {called} 2.texnet", f"Sand {called}.texnet"]


def test_methods_and_trainings_have_files_of_their_own(blender, tmp_path):
    (state,) = blender(
        SET_UP
        + """
        from dataclasses import replace
        from pathlib import Path
        from bl_ext.user_default.texnet import api
        from texnet_core import read_artifact, write_artifact
        image = drawn("Sand")
        made = [api.source_from_image(image), api.source_from_image(image, "collage")]
        file = Path(made[0])
        write_artifact(file, replace(read_artifact(file), training={"steps": 400}))  # as if it had been trained
        made.append(api.source_from_image(image))
        answer([Path(source).stem for source in made])
        """,
        library=str(tmp_path),
    )
    assert state == ["Sand Generated", "Sand Collage", "Sand Generated 2"]


@pytest.mark.parametrize("method", METHODS)
def test_what_is_transparent_or_masked_never_shows(blender, tmp_path, method):
    (state,) = blender(
        SET_UP
        + """
        image, mask = drawn("Sand", 128), drawn("Where", 128)
        pixels = np.random.default_rng(0).random((128, 128, 4), np.float32)
        pixels[..., 0] = 0
        pixels[..., 3] = 1
        pixels[:, 100:] = (1, 0, 0, 1)
        image.pixels.foreach_set(pixels.ravel())
        image.pack()
        shown = np.zeros((128, 128, 4), np.float32)
        shown[:, :100] = 1
        mask.pixels.foreach_set(shown.ravel())
        now(image="Sand", mask="Where", method=values["method"], width=128, height=128, destination="IMAGE")
        made = next(image for image in bpy.data.images if "texnet" in image)
        pixels = np.empty(128 * 128 * 4, np.float32)
        made.pixels.foreach_get(pixels)
        answer(float(pixels.reshape(-1, 4)[:, 0].max()))
        """,
        library=str(tmp_path),
        method=method,
    )
    assert state < 0.02


def test_what_cannot_serve_is_refused_in_one_line_and_leaves_nothing(blender, tmp_path):
    (state,) = blender(
        SET_UP
        + """
        drawn("Sand"), drawn("Flat", flat=True), drawn("Tiny", 20), drawn("Small", 64)
        before = len(bpy.data.images)
        said = [error_of(now, destination="IMAGE", **options) for options in (
            {}, {"image": "Nothing"}, {"image": "Flat"}, {"image": "Tiny"}, {"image": "Sand", "mask": "Small"},
            {"image": "Sand", "width": 64, "height": 64, "covers": 9000.0}, {"exemplar": "/none.png"})]
        answer({"said": said, "textures": textures(), "images": len(bpy.data.images) - before, "library": library()})
        """,
        library=str(tmp_path),
    )
    expected = [
        "no image is given",
        "no image is called 'Nothing'",
        "one color only",
        "too small, with 20x20",
        "mask Small has 64x64",
        "covers",
        "none.png",
    ]
    for text, said in zip(expected, state["said"], strict=True):
        assert text in said and "\n" not in said, said
    assert state["textures"] == [] and state["images"] == 0
    assert state["library"] == ["Sand Generated.texnet"]  # of the one whose texture was refused


def test_a_generator_that_has_gone_is_named_and_made_again_from_the_image(blender, tmp_path):
    (state,) = blender(
        SET_UP
        + """
        drawn("Sand")
        now(image="Sand", width=64, height=64, destination="IMAGE")
        source = bpy.context.scene.texnet.source_name
        __import__("pathlib").Path(source).unlink()
        made = next(image for image in bpy.data.images if "texnet" in image)
        bpy.context.scene.texnet.history_image = made.name
        said = error_of(bpy.ops.texnet.regenerate, factor=2)
        before = textures()
        now(image="Sand", width=64, height=64, destination="IMAGE")
        bpy.ops.texnet.regenerate(image=made.name, factor=2)
        answer({"said": said, "before": before, "sides": sorted(image.size[0] for image in bpy.data.images
                if "texnet" in image)})
        """,
        library=str(tmp_path),
    )
    assert "there is no file" in state["said"] and "Sand Generated.texnet" in state["said"]
    assert len(state["before"]) == 1 and 128 in state["sides"]


def test_one_undo_takes_the_texture_away(blender, tmp_path):
    (state,) = blender(
        SET_UP
        + """
        drawn("Sand")
        bpy.ops.mesh.primitive_plane_add()
        bpy.ops.ed.undo_push(message="before")
        now("EXEC_DEFAULT", True, image="Sand", width=64, height=64, destination="NEW_MATERIAL")
        made = textures(), bpy.context.view_layer.objects.active.active_material.name
        bpy.ops.ed.undo()
        material = bpy.context.view_layer.objects.active.active_material
        answer({"made": made, "undone": textures(), "material": material and material.name})
        """,
        library=str(tmp_path),
    )
    assert state == {"made": [["Sand Generated_albedo_0"], "Sand Generated"], "undone": [], "material": None}


def test_in_a_window_the_generator_comes_first_and_its_textures_follow(blender, tmp_path):
    """And Esc while the generator is made leaves nothing."""
    (state,) = blender(
        SET_UP
        + IN_WINDOW
        + """
        drawn("Sand")
        two = {"count": 2, "destination": "IMAGE"}
        stopped = begun(**two)
        stopped._task.cancel()
        state = {"stopped": ended(stopped), "library": library(), "textures": textures()}
        state |= {"ended": ended(begun(**two)), "made": textures(), "tasks": len(module("session").tasks)}
        state["source"] = bpy.context.scene.texnet.source_name.endswith("Sand Generated.texnet")
        answer(state)
        """,
        library=str(tmp_path),
    )
    assert state["stopped"] == ["CANCELLED"] and state["library"] == [] and state["textures"] == []
    assert state["ended"] == ["FINISHED"] and state["tasks"] == 0 and state["source"]
    assert state["made"] == ["Sand Generated_albedo_0", "Sand Generated_albedo_1"]


def test_in_a_window_the_texture_goes_where_it_was_asked_for_whatever_is_active_then(blender, tmp_path):
    (state,) = blender(
        SET_UP
        + IN_WINDOW
        + """
        drawn("Sand")
        cube, objects = bpy.data.objects["Cube"], bpy.context.view_layer.objects
        objects.active = cube
        operator = begun(destination="NEW_MATERIAL", covers_usual=True, set_mapping=True)
        objects.active = bpy.data.objects["Camera"]
        status = ended(operator)
        mapping = cube.active_material.node_tree.nodes["Mapping"]
        answer([status, cube.active_material.name, mapping.inputs["Scale"].default_value[0] != 1])
        """,
        library=str(tmp_path),
    )
    assert state == [["FINISHED"], "Sand Generated", True]


@pytest.fixture(scope="module")
def network_file(tmp_path_factory):
    """A network that makes generators of images, as the user may have trained one."""
    path = tmp_path_factory.mktemp("network") / "fine_stones.texnet"
    write_artifact(path, predicting_network())
    return path


def test_a_network_of_the_library_is_a_method_and_no_generator(blender, tmp_path, network_file):
    (state,) = blender(
        SET_UP
        + """
        from bl_ext.user_default.texnet import api
        settings, library_of = bpy.context.scene.texnet, module("library")
        drawn("Sand")
        before = settings.source_name
        bpy.ops.texnet.import_generator(filepath=values["network"])
        settings.exemplar, settings.destination = bpy.data.images["Sand"], "IMAGE"
        state = {"kept": settings.source_name == before, "method": settings.method.endswith("fine_stones.texnet")}
        state["sources"] = sum("fine_stones" in name for name in api.sources())
        now(**settings.instant_options() | {"width": 64, "height": 64})
        state |= {"made": textures(), "by_path": api.source_from_image(bpy.data.images["Sand"], values["network"])}
        network = settings.method
        state["said"] = [error_of(bpy.ops.texnet.generate, source=network), error_of(now, image="Sand", method="moss"),
                         error_of(now, image="Sand", method=settings.source_name)]
        bpy.ops.texnet.remove_generator(source=network)
        state |= {"after": settings.method, "library": library()}
        answer(state)
        """,
        library=str(tmp_path),
        network=str(network_file),
    )
    assert state["kept"] and state["method"] and state["sources"] == 0 and state["after"] == "instant"
    assert state["made"] == ["Sand Fine Stones_albedo_0"] and state["library"] == ["Sand Fine Stones.texnet"]
    assert state["by_path"].endswith("Sand Fine Stones.texnet")
    for said, part in zip(state["said"], ("method of From Image, Now", "'moss'", "choose another method"), strict=True):
        assert part in said and "\n" not in said, said
