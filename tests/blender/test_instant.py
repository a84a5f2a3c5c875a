"""From Image, Now: a texture of an image at once, by the bundled worker, without a backend."""

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


def test_an_image_gives_a_texture_and_a_generator_that_makes_more(blender, tmp_path):
    (state,) = blender(
        SET_UP
        + """
        drawn("Sand")
        result = now(image="Sand", width=64, height=48, seed=3, destination="IMAGE", real_width=0.5)
        settings = bpy.context.scene.texnet
        source = settings.source_name
        card = module("library").card_named(source)
        made = next(image for image in bpy.data.images if "texnet" in image)
        request = module("history").request_of(made)
        bpy.ops.texnet.generate(source=source, width=64, height=48, seed=4, destination="IMAGE")
        settings.history_image = made.name
        bpy.ops.texnet.regenerate(factor=2)
        answer({"result": list(result), "library": library(), "size": card.size_m, "family": card.family,
                "record": [request.source == source, request.seed, list(made.size)],
                "textures": textures(), "sides": sorted(list(i.size) for i in bpy.data.images if "texnet" in i)})
        """,
        library=str(tmp_path),
    )
    assert state["result"] == ["FINISHED"] and state["library"] == ["Sand Collage.texnet"]
    assert state["size"] == 0.5 and state["family"] == "collage"
    assert state["record"] == [True, 3, [64, 48]]
    assert state["sides"] == [[64, 48], [64, 48], [128, 96]]


def test_the_same_image_has_one_file_and_another_of_its_name_has_its_own(blender, tmp_path):
    (state,) = blender(
        SET_UP
        + """
        from bl_ext.user_default.texnet import api
        image = drawn("Sand")
        first = api.source_from_image(image)
        again = api.source_from_image(image)
        bpy.data.images.remove(image)
        other = api.source_from_image(drawn("Sand", seed=1))
        named = api.source_from_image(drawn("Moss", seed=2), name="Lawn")
        material = api.material(named, size=64)
        answer({"same": first == again, "library": library(), "material": material.name, "other": other != first})
        """,
        library=str(tmp_path),
    )
    assert state["same"] and state["other"] and state["material"] == "Lawn"
    assert state["library"] == ["Lawn.texnet", "Sand Collage 2.texnet", "Sand Collage.texnet"]


def test_what_is_transparent_or_masked_never_shows(blender, tmp_path):
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
        now(image="Sand", mask="Where", width=128, height=128, destination="IMAGE")
        made = next(image for image in bpy.data.images if "texnet" in image)
        values = np.empty(128 * 128 * 4, np.float32)
        made.pixels.foreach_get(values)
        answer(float(values.reshape(-1, 4)[:, 0].max()))
        """,
        library=str(tmp_path),
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
    assert state["library"] == ["Sand Collage.texnet"]  # of the one whose texture was refused


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
    assert "there is no file" in state["said"] and "Sand Collage.texnet" in state["said"]
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
    assert state == {"made": [["Sand Collage_albedo_0"], "Sand Collage"], "undone": [], "material": None}


def test_in_a_window_the_generator_comes_first_and_its_textures_follow(blender, tmp_path):
    """What a timer does there is done here, step by step; and Esc while the generator is made leaves nothing."""
    (state,) = blender(
        SET_UP
        + """
        base, modal = module("operators.base"), module("operators.modal")
        put(base.Reporting, "execute", lambda self, context: base.reporting(self, lambda: self.begin(context, None)))
        drawn("Sand")

        def begun():
            window = bpy.context.window_manager.windows[0]
            with bpy.context.temp_override(window=window, screen=window.screen):
                now(image="Sand", width=64, height=64, count=2, destination="IMAGE")
            return modal._live[-1]

        def ended(operator):
            status = wait_for(lambda: (found := operator._advance(bpy.context)) != {"PASS_THROUGH"} and found)
            operator._clean_up(bpy.context)
            return list(status)

        stopped = begun()
        stopped._task.cancel()
        state = {"stopped": ended(stopped), "library": library(), "textures": textures()}
        state |= {"ended": ended(begun()), "made": textures(), "tasks": len(module("session").tasks)}
        state["source"] = bpy.context.scene.texnet.source_name.endswith("Sand Collage.texnet")
        answer(state)
        """,
        library=str(tmp_path),
    )
    assert state["stopped"] == ["CANCELLED"] and state["library"] == [] and state["textures"] == []
    assert state["ended"] == ["FINISHED"] and state["tasks"] == 0 and state["source"]
    assert state["made"] == ["Sand Collage_albedo_0", "Sand Collage_albedo_1"]
