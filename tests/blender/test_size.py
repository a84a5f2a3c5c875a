"""Real size in Blender: what a texture covers is what it spans on a surface, at every resolution."""

from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import random_artifact, texture
from texnet_core import read_artifact, write_artifact
from texnet_core.pictures.color import quantize


@pytest.fixture(scope="module")
def sized_file(tmp_path_factory):
    """Half a meter in 256 texels."""
    path = tmp_path_factory.mktemp("sized") / "sized.texnet"
    write_artifact(path, replace(random_artifact(), size_m=0.5))
    return path


def test_the_same_wall_has_the_same_features_at_every_resolution(blender, sized_file):
    """The default cube's UV map spans 8 m a unit, so half a meter repeats 16 times, whatever the texels."""
    (state,) = blender(
        """
        import numpy as np
        api = module("api")
        cube = bpy.data.objects["Cube"]
        state = {}
        for size in (128, 512):
            (material,) = api.fill([cube], values["source"], size=size, seed=3, covers=0.5)
            nodes = material.node_tree.nodes
            image = next(node.image for node in nodes if node.type == "TEX_IMAGE")
            flat = np.empty(len(image.pixels), np.float32)
            image.pixels.foreach_get(flat)
            pixels = flat.reshape(size, size, 4)[..., :3]
            step = size // 128
            seen = pixels.reshape(128, step, 128, step, 3).mean((1, 3))
            state[size] = {"scale": [round(v, 3) for v in nodes["Mapping"].inputs["Scale"].default_value],
                           "record": image["texnet"]["covers"], "pixels": seen.tolist()}
        answer(state)
        """,
        source=str(sized_file),
    )
    small, large = (np.array(state[size].pop("pixels")) for size in ("128", "512"))
    assert state["128"] == state["512"] == {"scale": pytest.approx([16, 16, 16], abs=0.01), "record": 0.5}
    apart = np.abs(small - large).mean()
    assert all(np.abs(np.roll(large, 16, axis) - small).mean() > 5 * apart for axis in (0, 1))


def test_covers_is_in_meters_and_the_mapping_in_scene_units(blender, sized_file):
    (state,) = blender(
        """
        cube = bpy.data.objects["Cube"]
        def scale(**options):
            options |= {"source": values["source"], "width": 64, "height": 64, "destination": "NEW_MATERIAL"}
            bpy.ops.texnet.generate(**options)
            return round(cube.active_material.node_tree.nodes["Mapping"].inputs["Scale"].default_value[0], 3)
        state = [scale(covers=2.0), scale(covers=2.0, set_mapping=False), scale(covers=2.0, world_size=1.0)]
        bpy.context.scene.unit_settings.scale_length = 0.01  # a scene in centimeters: the cube is 2 cm wide
        answer([*state, scale(covers=2.0)])
        """,
        source=str(sized_file),
    )
    assert state == pytest.approx([4, 1, 8, 0.04], abs=1e-3)


def test_the_panel_covers_what_suits_the_generator_until_the_user_says_otherwise(blender, sized_file):
    (state,) = blender(
        """
        settings = bpy.context.scene.texnet
        def asked():
            return round(settings.covers, 4), settings.request(None).covers
        state = {}
        settings.source_name = values["source"]
        state["usual"] = asked()
        settings.side = "4096"
        state["sharper"] = asked()
        settings.source_name = "linen"
        state["another"] = asked()
        settings.covers = 3.0
        settings.source_name = values["source"]
        state["stated"] = asked()
        bpy.context.scene.unit_settings.scale_length = 0.01
        state["centimeters"] = asked()
        settings.covers = 250.0
        state["in them"] = asked()
        bpy.context.scene.unit_settings.scale_length = 1.0
        settings.covers_is_usual = True
        state["again"] = asked()
        settings.use_covers = False
        state["off"] = settings.request(None).covers
        settings.take_over(module("request").TextureRequest(source="linen", covers=2.0))
        state["taken over"] = asked()
        answer(state)
        """,
        source=str(sized_file),
    )
    assert state == {
        "usual": [5, 5], "sharper": [5, 5], "another": [0.5, 0.5], "stated": [3, 3], "centimeters": [300, 3],
        "in them": [250, 2.5], "again": [5, 5], "off": 0, "taken over": [2, 2],
    }  # fmt: skip


def test_the_panel_says_how_much_detail_there_is_and_what_is_too_much(blender, sized_file):
    (state,) = blender(
        """
        from dataclasses import replace
        panel = module("panels.texture")
        request = module("request").TextureRequest(source=values["source"], width=1024, height=512, covers=5.0)
        card = module("library").card_named(values["source"])
        answer([panel.detail_text(request, card), panel.detail_text(replace(request, covers=0.0, scale=2.0), card),
                panel.covers_obstacle(request), panel.covers_obstacle(replace(request, covers=0.01))])
        """,
        source=str(sized_file),
    )
    assert state[:3] == [
        "Detail for 512 texels per meter; this asks for 205",
        "Detail for 256 texels per meter",
        "",
    ]
    assert "Covers 1 cm is out of range (3.13 cm to 128 m" in state[3]


@pytest.mark.parametrize(("covers", "steps"), [(2.0, 2), (40.0, 1)])
def test_a_preview_of_meters_is_the_corner_of_the_very_texture(blender, sized_file, covers, steps):
    """Where that would take long, a draft of the same size on the surface is all."""
    (state,) = blender(
        """
        api, jobs = module("api"), module("preview_jobs")
        request = module("request").TextureRequest(source=values["source"], width=1024, height=1024, seed=3,
                                                   covers=values["covers"])
        steps = [step.request for step in jobs.steps_to(request, "CORNER")]
        path = [(step.width, round(step.covers / step.width, 6)) for step in steps]
        answer([path, jobs.make(steps[-1]).tolist()])
        """,
        source=str(sized_file),
        covers=covers,
    )
    path, pixels = state
    assert len(path) == steps and {meters for _, meters in path} == {round(covers / 1024, 6)}
    if steps == 2:
        whole = texture(read_artifact(sized_file), 1024, 1024, 3, covers=covers)
        assert np.array_equal(pixels, quantize(whole, 8)[:256, :256])


def test_scripts_state_meters_with_units_and_hear_what_is_wrong(blender, sized_file):
    (state,) = blender(
        """
        from texnet_core.errors import TexnetError
        api = module("api")
        image = api.texture(values["source"], size=64, covers="50 cm")["albedo"]
        state = [image["texnet"]["covers"]]
        for covers in ("two", -1, 0.001, None, [2]):
            try:
                api.texture(values["source"], size=64, covers=covers)
            except TexnetError as error:
                state.append(str(error))
        bpy.ops.texnet.regenerate(image=image.name, factor=2)
        answer([*state, sorted((bpy.data.images[name].size[0], bpy.data.images[name]["texnet"]["covers"])
                               for name in textures())])
        """,
        source=str(sized_file),
    )
    assert state[0] == 0.5
    assert [text.split(" is ")[0] for text in state[1:6]] == ["'two'", "covers -1.0", "covers 1 mm", "None", "[2]"]
    assert state[6] == [[64, 0.5], [128, 0.5]]


def test_equal_settings_use_the_texture_that_is_there(blender, sized_file):
    (state,) = blender(
        """
        import unittest.mock
        api, session = module("api"), module("session")
        options = {"source": values["source"], "width": 64, "height": 64, "covers": 0.5, "seed": 4}
        bpy.ops.texnet.generate(destination="NEW_MATERIAL", **options)
        cube = bpy.data.objects["Cube"]
        first, state = cube.active_material, {}
        with unittest.mock.patch.object(session.SynthesisTask, "_submit", side_effect=AssertionError("asked")):
            bpy.ops.texnet.generate(destination="NEW_MATERIAL", **options)
            image = api.texture(values["source"], size=64, covers=0.5, seed=4)["albedo"]
            bpy.ops.texnet.regenerate(image=image.name)
        state["new material"] = cube.active_material != first
        state["one image"] = textures()
        again = {"size": 64, "covers": 0.5, "seed": 4}
        different = [{"covers": 0.25}, {"seed": 5}, {"depth": 16}, {"tile": "x"}, {"size": 128}]
        made = [api.texture(values["source"], **again | change)["albedo"] for change in different]
        state["others"] = len({image.name, *(one.name for one in made)})
        answer(state)
        """,
        source=str(sized_file),
    )
    assert state == {"new material": True, "one image": ["sized_albedo_4"], "others": 6}


def test_what_was_changed_is_made_again(blender, sized_file, tmp_path):
    """Painted on, painted and kept, without a map, or of a generator that is another by now."""
    path = tmp_path / "wall.texnet"
    path.write_bytes(sized_file.read_bytes())
    (state,) = blender(
        """
        import time
        api = module("api")
        def make():
            return api.texture(values["source"], size=64, seed=4)["albedo"]
        first = make()
        state = {"same": make() == first}
        first.pixels[0] = 0.123
        second = make()
        state["painted"] = second != first
        first.pack()
        bpy.data.images.remove(second)
        state["painted and packed"] = (third := make()) != first
        later = time.time() + 5
        os.utime(values["source"], (later, later))
        state["younger generator"] = make() not in (first, third)
        for made in ("x", "", [], {}):
            third["texnet"] = third["texnet"].to_dict() | {"made": made}
            make()
        state["time that is none"] = make() != third
        answer(state)
        """,
        source=str(path),
    )
    assert state == {
        "same": True,
        "painted": True,
        "painted and packed": True,
        "younger generator": True,
        "time that is none": True,
    }


def test_files_are_written_though_the_texture_is_in_the_blend(blender, sized_file, tmp_path):
    (state,) = blender(
        """
        api = module("api")
        api.texture(values["source"], size=64)
        answer([path.name for path in api.save(values["source"], values["folder"], size=64)])
        """,
        source=str(sized_file),
        folder=str(tmp_path / "out"),
    )
    assert state == ["sized_0_albedo.png"]


def test_selected_objects_get_the_size_without_making_anything(blender, sized_file):
    """Two cubes share a material and differ in scale; a third that is not selected keeps what it has."""
    (state,) = blender(
        """
        api = module("api")
        def scale(target):
            return round(target.active_material.node_tree.nodes["Mapping"].inputs["Scale"].default_value[0], 3)
        cube = bpy.data.objects["Cube"]
        bpy.ops.texnet.generate(source=values["source"], width=64, height=64, covers=2.0, set_mapping=False,
                                destination="NEW_MATERIAL")
        cubes = [cube, cube.copy(), cube.copy(), cube.copy()]
        for number, one in enumerate(cubes[1:], 1):
            one.name = f"cube {number}"
            bpy.context.collection.objects.link(one)
        cubes[2].scale = (2, 2, 2)
        bare = bpy.data.objects.new("bare", bpy.data.meshes.new("bare"))
        bpy.context.view_layer.update()
        before = len(textures())
        state = {"before": [scale(one) for one in cubes]}
        result = api.apply_size([*cubes[:3], bare])
        state["after"] = [scale(one) for one in cubes]
        state["materials"] = len({one.active_material.name for one in cubes})
        state["said"] = [result.text, len(result.objects), len(result.copies)]
        state["twice"] = api.apply_size(cubes[:3]).text
        for one in cubes:
            one.select_set(one == cubes[3])
        bpy.ops.texnet.apply_size(width=4.0)
        state["alone"] = [scale(one) for one in cubes]
        state["made"] = len(textures()) - before
        answer(state)
        """,
        source=str(sized_file),
    )
    copied = "2 materials copied, since objects that share one differ in scale"
    assert state == {
        "before": [1, 1, 1, 1],
        "after": [4, 4, 8, 1],
        "materials": 3,
        "said": [f"Sized 3 objects; {copied}; left as they are: bare (no texture of TexNet's)", 3, 2],
        "twice": "Sized 3 objects",
        "alone": [4, 4, 8, 2],
        "made": 0,
    }


def test_a_size_can_be_stated_for_a_generator_of_the_library_alone(blender, sized_file):
    (state,) = blender(
        """
        api, library = module("api"), module("library")
        bpy.ops.texnet.import_generator(filepath=values["source"])
        name = bpy.context.scene.texnet.source_name
        bpy.ops.texnet.state_size(size=2.0)
        state = [library.card_named(name).size_m]
        api.state_size(name, "20cm")
        answer([*state, library.card_named(name).size_m, error_of(bpy.ops.texnet.state_size, source="moss", size=2.0)])
        """,
        source=str(sized_file),
    )
    assert state[:2] == [2.0, 0.2]
    assert "Moss ships with TexNet" in state[2]


def test_a_linked_material_of_the_same_name_has_its_own_size(blender, sized_file, tmp_path):
    (state,) = blender(
        """
        api, sizing = module("api"), module("sizing")
        cube = bpy.data.objects["Cube"]
        api.fill([cube], values["source"], size=64, covers=0.5)
        cube.name, cube.active_material.name = "Rock", "Moss"
        file = os.path.join(values["folder"], "rock.blend")
        bpy.data.libraries.write(file, {cube})
        cube.name = "Wall"
        with bpy.data.libraries.load(file, link=True) as (there, wanted):
            wanted.objects = ["Rock"]
        rock = bpy.data.objects["Rock"].override_create(remap_local_usages=True)
        bpy.context.scene.collection.objects.link(rock)
        sized = sizing.apply_size([cube, rock], 1.0)
        def scale(thing):
            return round(thing.active_material.node_tree.nodes["Mapping"].inputs["Scale"].default_value[0], 2)
        answer([sized.text, scale(cube), scale(rock)])
        """,
        source=str(sized_file),
        folder=str(tmp_path),
    )
    assert state[1] == state[2] == 8.0 and state[0].startswith("Sized 2 objects; 1 material copied")


def test_what_is_linked_as_a_whole_is_left_with_a_reason_and_the_others_are_sized(blender, sized_file, tmp_path):
    (state,) = blender(
        """
        api, sizing = module("api"), module("sizing")
        cube = bpy.data.objects["Cube"]
        api.fill([cube], values["source"], size=64, covers=0.5)
        file = os.path.join(values["folder"], "cube.blend")
        bpy.data.libraries.write(file, {cube})
        with bpy.data.libraries.load(file, link=True) as (there, wanted):
            wanted.objects = ["Cube"]
        (linked,) = wanted.objects
        bpy.context.scene.collection.objects.link(linked)
        text = sizing.apply_size([cube, linked], 1.0).text
        try:
            api.apply_size([linked], 1.0)
        except sizing.RequestError as error:
            answer([text, str(error)])
        """,
        source=str(sized_file),
        folder=str(tmp_path),
    )
    assert state[0] == "Sized 1 object; left as they are: Cube (linked from another file)"
    assert "linked from another file" in state[1] and "\n" not in state[1]
