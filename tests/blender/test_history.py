"""What was made earlier: its record, and what can be done with it; tile check; the library."""

from dataclasses import replace

from texnet_core import TextureRequest
from texnet_core.settings import MAX_SIZE


def test_settings_travel_with_the_image_and_come_back(blender, artifact_file, tmp_path):
    (state,) = blender(
        """
        options = {"width": 96, "height": 64, "seed": 9, "tile": "x", "scale": 0.5, "depth": "16"}
        bpy.ops.texnet.generate(source=values["source"], **options)
        bpy.ops.wm.save_as_mainfile(filepath=values["blend"])
        bpy.ops.wm.open_mainfile(filepath=values["blend"])
        settings = bpy.context.scene.texnet
        settings.history_index = bpy.data.images.find("random_albedo_9")
        assert module("history").chosen(bpy.context.scene).name == "random_albedo_9"
        bpy.ops.texnet.copy_settings()
        request = settings.request(None)
        answer({name: getattr(request, name) for name in ("source", *options)})
        """,
        source=str(artifact_file),
        blend=str(tmp_path / "saved.blend"),
    )
    assert state == {
        "source": str(artifact_file),
        "width": 96,
        "height": 64,
        "seed": 9,
        "tile": "x",
        "scale": 0.5,
        "depth": 16,
    }


def test_the_list_says_what_tells_its_entries_apart_and_the_new_one_is_selected(blender, artifact_file):
    (state,) = blender(
        """
        history, scene = module("history"), bpy.context.scene
        options = {"source": values["source"], "width": 64, "height": 64}
        bpy.ops.texnet.generate(seed=3, count=2, destination="IMAGE", **options)
        chosen = [scene.texnet.history_image]
        bpy.ops.texnet.generate(**options | {"height": 96}, seed=5)
        chosen.append(scene.texnet.history_image)
        bpy.ops.texnet.generate(destination="UDIM", udim=(2, 1), **options)
        answer([chosen, [history.title_of(image) for image in bpy.data.images if history.is_entry(image)]])
        """,
        source=str(artifact_file),
    )
    assert state[0] == ["random_albedo_3", "random_albedo_5"]
    assert state[1] == [
        "Random · 0 · 64 · 2 x 1 tiles",
        "Random · 3 · 64 · 1 of 2",
        "Random · 4 · 64 · 2 of 2",
        "Random · 5 · 64 x 96",
    ]


def test_where_a_texture_went_and_how_wide_comes_back_too(blender, artifact_file):
    """Copy Settings sets the panel to it, Apply the mapping."""
    (state,) = blender(
        """
        settings = bpy.context.scene.texnet
        cube = bpy.context.view_layer.objects.active
        mapping = lambda: cube.active_material.node_tree.nodes["Mapping"]
        scale = lambda: [round(value, 3) for value in mapping().inputs["Scale"].default_value]
        common = {"source": "moss", "width": 128, "height": 128}
        bpy.ops.texnet.generate(seed=1, covers=4.0, destination="NEW_MATERIAL", **common)
        first = scale()
        bpy.ops.texnet.generate(seed=2, world_size=1.0, destination="ACTIVE_MATERIAL", **common)
        second = scale()
        settings.destination, settings.use_covers = "IMAGE", False
        bpy.ops.texnet.copy_settings(image="moss_albedo_1")
        bpy.ops.texnet.use_texture(image="moss_albedo_1")
        again = scale()
        bpy.ops.texnet.use_texture(image="moss_albedo_2")
        last, options, sized = scale(), settings.options(), settings.set_mapping
        bpy.ops.texnet.generate(seed=3, covers=4.0, set_mapping=False, **common)
        bpy.ops.texnet.copy_settings(image="moss_albedo_3")
        module("api").texture("moss", size=128, seed=9, covers=4.0)
        bpy.ops.texnet.use_texture(image="moss_albedo_9")
        by_script = scale()
        answer({"scales": [first, second, again, last], "settings": options, "sized": [sized, settings.set_mapping],
                "by script": by_script})
        """
    )
    first, second, again, last = state["scales"]
    assert first != second and again == first and last == second
    assert state["settings"]["destination"] == "NEW_MATERIAL" and state["settings"]["covers"] == 4.0
    assert state["sized"] == [True, False] and state["by script"] == first


def test_each_variation_can_become_a_material_and_what_is_unused_can_go(blender, artifact_file):
    (state,) = blender(
        """
        cube = bpy.context.view_layer.objects.active
        names = lambda: sorted(material.name for material in bpy.data.materials)
        bpy.ops.texnet.generate(
            source=values["source"], width=64, height=64, seed=1, count=3, destination="NEW_MATERIAL")
        bpy.ops.texnet.texture_to_material(image="random_albedo_2")
        shown = [cube.active_material.name, cube.active_material.node_tree.nodes.active.image.name]
        kept = {material.name: material.use_fake_user for material in bpy.data.materials}
        bpy.ops.wm.save_as_mainfile(filepath=values["blend"])
        bpy.ops.wm.open_mainfile(filepath=values["blend"])
        saved = names()
        bpy.data.images["random_albedo_1"].copy()  # of the same texture as the one that it was copied from
        bpy.ops.texnet.remove_unused()
        answer({"shown": shown, "kept": kept, "saved": saved, "left": names(), "textures": textures()})
        """,
        source=str(artifact_file),
        blend=str(artifact_file.parent / "unused.blend"),
    )
    assert state["shown"] == ["Random.001", "random_albedo_2"]
    assert state["kept"]["Material"] and state["kept"]["Random"] and not state["kept"]["Random.001"]
    assert {"Material", "Random", "Random.001"} <= set(state["saved"]), "what was replaced is in the saved file"
    assert "Random" not in state["left"] and {"Material", "Random.001"} <= set(state["left"]), "only TexNet's own go"
    assert state["textures"] == ["random_albedo_2"]


def test_assets_stay_and_what_an_editor_has_shown_goes(blender, artifact_file):
    (state,) = blender(
        """
        options = {"source": values["source"], "width": 64, "height": 64}
        bpy.ops.texnet.generate(seed=1, destination="NEW_MATERIAL", **options)
        asset = bpy.context.view_layer.objects.active.active_material
        asset.asset_mark()
        bpy.context.view_layer.objects.active.active_material = None
        for seed in (2, 3):
            bpy.ops.texnet.generate(seed=seed, destination="IMAGE", **options)
        editor = next(area for screen in bpy.data.screens for area in screen.areas if area.type == "IMAGE_EDITOR")
        for number in (2, 3):
            editor.spaces.active.image = bpy.data.images[f"random_albedo_{number}"]
        users = bpy.data.images["random_albedo_2"].users
        bpy.ops.texnet.remove_unused()
        answer([users, asset.name, textures()])
        """,
        source=str(artifact_file),
    )
    users, name, left = state
    assert users > 1 and name == "Random"
    assert left == ["random_albedo_1", "random_albedo_3"], "of the asset, and what the editor shows now"


def test_a_material_is_named_after_what_it_holds_unless_the_user_named_it(blender, artifact_file):
    (names,) = blender(
        """
        cube = bpy.context.view_layer.objects.active
        options = {"width": 64, "height": 64, "destination": "ACTIVE_MATERIAL"}
        found = []
        def generate(source, **more):
            bpy.ops.texnet.generate(source=source, **options | more)
            found.append(cube.active_material.name)
        generate("moss")
        generate("moss", destination="NEW_MATERIAL")
        generate("bricks")
        generate("bricks", seed=2)
        cube.active_material.name = "My Wall"
        generate("moss")
        answer(found)
        """
    )
    assert names == ["Material", "Moss", "Bricks", "Bricks", "My Wall"]


def test_regenerate_brings_back_the_pixels_and_larger_makes_twice_the_size(blender, artifact_file):
    (state,) = blender(
        """
        import numpy as np
        def pixels(name):
            image = bpy.data.images[name]
            flat = np.empty(len(image.pixels), np.float32)
            image.pixels.foreach_get(flat)
            return flat
        bpy.ops.texnet.generate(source=values["source"], width=96, height=64, seed=3)
        before = pixels("random_albedo_3")
        bpy.data.images["random_albedo_3"].pixels[0] = 0.123  # else it would be used again
        bpy.ops.texnet.regenerate(image="random_albedo_3")
        bpy.ops.texnet.regenerate(image="random_albedo_3", factor=2)
        entries = sum(map(module("history").is_entry, bpy.data.images))
        bpy.data.images["random_albedo_3"]["texnet"]["width"] = 8192
        answer({"same": bool((before == pixels("random_albedo_3.001")).all()),
                "larger": list(bpy.data.images["random_albedo_3.002"].size),
                "entries": entries,
                "refused": error_of(bpy.ops.texnet.regenerate, image="Render Result"),
                "too large": error_of(bpy.ops.texnet.regenerate, image="random_albedo_3", factor=16),
                "left": sum(map(module("history").is_entry, bpy.data.images)) - entries})
        """,
        source=str(artifact_file),
    )
    assert state["same"] and state["larger"] == [192, 128] and state["entries"] == 3
    assert "Render Result" in state["refused"]
    assert f"{16 * 8192} x {16 * 64}" in state["too large"] and f"{MAX_SIZE}" in state["too large"]
    assert "\n" not in state["too large"] and state["left"] == 0


def test_an_earlier_texture_can_be_used_again(blender, artifact_file):
    (state,) = blender(
        """
        cube = bpy.context.view_layer.objects.active
        for seed in (1, 2):
            bpy.ops.texnet.generate(source=values["source"], width=64, height=64, seed=seed)
        shown = lambda: cube.active_material.node_tree.nodes.active.image.name
        before = shown()
        bpy.ops.texnet.use_texture(image="random_albedo_1")
        answer([before, shown()])
        """,
        source=str(artifact_file),
    )
    assert state == ["random_albedo_2", "random_albedo_1"]


def test_records_that_others_have_spoilt_do_no_harm(blender, artifact_file):
    (state,) = blender(
        """
        history = module("history")
        images = [bpy.data.images.new(str(n), 4, 4) for n in range(4)]
        images[0]["texnet"] = 7
        images[1]["texnet"] = {"source": 5}
        good = {"source": "moss", "map": "albedo", "set": "a", "leads": True}
        images[2]["texnet"] = good | {"udim": 3}
        images[3]["texnet"] = good | {"width": "wide"}
        answer([[history.is_entry(image) for image in images],
                [history.request_of(image) is None for image in images],
                error_of(bpy.ops.texnet.regenerate, image="3")])
        """
    )
    assert state[0] == [False, False, True, True] and state[1] == [True] * 4
    assert "not a texture made by TexNet" in state[2] and "\n" not in state[2]


def test_records_of_the_first_versions_are_read(blender, artifact_file):
    """They have the depth as text, and say udim [0, 0] where there are no tiles."""
    (state,) = blender(
        """
        history = module("history")
        first = {"source": values["source"], "width": 96, "height": 64, "seed": 7, "tile": "x", "scale": 1.5,
                 "map": "albedo", "set": "a", "leads": True, "made": 1.0}
        found = []
        for number, changes in enumerate(({"depth": "8", "udim": [0, 0]}, {"depth": "16", "udim": [2, 1]})):
            image = bpy.data.images.new(f"old {number}", 4, 4)
            image["texnet"] = first | changes
            found.append(history.request_of(image).record())
        bpy.ops.texnet.regenerate(image="old 0")
        answer([found, textures()])
        """,
        source=str(artifact_file),
    )
    asked = TextureRequest(str(artifact_file), width=96, height=64, seed=7, tile="x", scale=1.5)
    assert state[0] == [asked.record(), replace(asked, depth=16, udim=(2, 1)).record()]
    assert state[1] == ["old 0", "old 1", "random_albedo_7"]


def test_the_tile_check_repeats_three_times_and_back(blender, artifact_file):
    (state,) = blender(
        """
        bpy.ops.texnet.generate(source=values["source"], width=64, height=64, world_size=4.0)
        mapping = bpy.context.view_layer.objects.active.active_material.node_tree.nodes["Mapping"]
        scale = lambda: list(mapping.inputs["Scale"].default_value)
        scales = [scale()]
        for _ in range(2):
            bpy.ops.texnet.tile_check()
            scales.append(scale())
        bpy.context.view_layer.objects.active = bpy.data.objects["Light"]
        answer([scales, error_of(bpy.ops.texnet.tile_check)])
        """,
        source=str(artifact_file),
    )
    (before, during, after), refused = state
    assert during == [3 * value for value in before] and after == before
    assert "generate one first" in refused


def test_the_library_takes_in_lists_and_removes(blender, artifact_file, tmp_path):
    damaged = tmp_path / "damaged.texnet"
    damaged.write_bytes(b"TEXNET")
    (state,) = blender(
        """
        library, settings = module("library"), bpy.context.scene.texnet
        bpy.ops.texnet.import_generator(filepath=values["source"])
        state = {"chosen": os.path.basename(settings.source_name), "enum": settings.source == settings.source_name,
                 "titles": [source.title for source in library.list_sources()]}
        state["twice"] = error_of(bpy.ops.texnet.import_generator, filepath=values["source"])
        state["damaged"] = error_of(bpy.ops.texnet.import_generator, filepath=values["damaged"])
        bpy.ops.texnet.generate(source=settings.source_name, width=64, height=64)
        bpy.ops.texnet.remove_generator()
        state["left"] = [source.title for source in library.list_sources()]
        state["then"] = settings.source_name == module("request").first_preset()
        state["preset"] = error_of(bpy.ops.texnet.remove_generator, source="moss")
        answer(state)
        """,
        source=str(artifact_file),
        damaged=str(damaged),
    )
    assert state["chosen"] == "random.texnet" and state["enum"]
    assert state["titles"] == [*state["left"], "Random"] and state["then"]
    assert "already has random.texnet" in state["twice"] and "damaged.texnet" in state["damaged"]
    assert "ships with TexNet" in state["preset"]


def test_a_scene_keeps_its_generator_when_the_library_changes(blender, artifact_file):
    (state,) = blender(
        """
        settings, library = bpy.context.scene.texnet, module("library")
        settings.source = "rusty-metal"
        bpy.ops.texnet.import_generator(filepath=values["source"])
        imported = settings.source_name
        settings.source = "rusty-metal"
        library.remove(library.find(imported))
        kept = settings.source
        settings.source_name = imported
        answer([kept, error_of(bpy.ops.texnet.generate, source=settings.source_name, width=64, height=64)])
        """,
        source=str(artifact_file),
    )
    assert state[0] == "rusty-metal" and "no file" in state[1]
