"""`texnet.generate` as Blender runs it: what it makes, where it puts it, and that it survives saving and undo."""

import numpy as np
import pytest

from tests.conftest import texture
from texnet_core import TextureRequest, read_artifact
from texnet_core.pictures.color import quantize

STORAGES = ("PACK", "FILE")


def test_generate_save_reopen(blender, artifact_file, tmp_path):
    """The pixels are those of the core, wired, and still there in a new process; and they tile."""
    folders = [tmp_path / storage for storage in STORAGES]
    states = [_generate_and_save(blender, artifact_file, *pair) for pair in zip(STORAGES, folders, strict=True)]
    for storage, state in zip(STORAGES, states, strict=True):
        assert state == {
            "result": ["FINISHED"],
            "type": "TEX_IMAGE",
            "socket": "Color",
            "name": "random_albedo_7",
            "packed": storage == "PACK",
            "space": "sRGB",
            "left": True,
            "label": "Base Color",
            "path": "//textures/random_albedo_7.png" if storage == "PACK" else "//textures/random_7_albedo.png",
            "active": True,
            "mapped": ["MAPPING", "TEX_COORD", "UV"],
            "frames": ["Look", "Mapping", "Textures"],
        }
    sizes = blender.alone(
        """
        import numpy as np
        for folder in values["folders"]:
            bpy.ops.wm.open_mainfile(filepath=os.path.join(folder, "saved.blend"))
            image = bpy.data.images["random_albedo_7"]
            flat = np.empty(len(image.pixels), np.float32)
            image.pixels.foreach_get(flat)
            np.save(os.path.join(folder, "pixels.npy"), flat.reshape(image.size[1], image.size[0], 4))
            answer(image.size[:])
        """,
        folders=[str(folder) for folder in folders],
    )
    assert sizes == [[320, 192]] * 2
    expected = quantize(texture(read_artifact(artifact_file), 320, 192, 7), 8)
    for folder in folders:
        reopened = np.load(folder / "pixels.npy")
        assert np.array_equal(np.round(reopened[::-1, :, :3] * 255), expected)
        assert (reopened[..., 3] == 1).all()
        assert reopened[..., :3].std() > 0.01
        for axis in (0, 1):
            gradients = np.abs(np.diff(reopened, axis=axis, append=np.take(reopened, [0], axis)))
            per_line = gradients.mean(axis=tuple({0, 1, 2} - {axis}))
            assert per_line[-1] <= per_line[7:-1:8].max() * 1.2


def _generate_and_save(blender, artifact_file, storage, folder):
    folder.mkdir()
    (state,) = blender(
        """
        bpy.ops.wm.save_as_mainfile(filepath=values["blend"])
        module("preferences").preferences().storage = values["storage"]
        result = bpy.ops.texnet.generate(source=values["source"], width=320, height=192, seed=7)
        material = bpy.context.view_layer.objects.active.active_material
        shader = material.node_tree.nodes["Principled BSDF"]
        (link,) = shader.inputs["Base Color"].links
        node = link.from_node
        bpy.ops.wm.save_as_mainfile(filepath=values["blend"])
        mapping = node.inputs["Vector"].links[0].from_node.inputs[0].links[0].from_node
        coordinates = mapping.inputs["Vector"].links[0]
        answer({
            "result": list(result), "type": node.type, "socket": link.from_socket.name, "name": node.image.name,
            "packed": node.image.packed_file is not None, "space": node.image.colorspace_settings.name,
            "left": node.location.x < shader.location.x, "label": node.label, "path": node.image.filepath,
            "active": node.select and material.node_tree.nodes.active == node,
            "mapped": [mapping.type, coordinates.from_node.type, coordinates.from_socket.name],
            "frames": sorted(node.label for node in material.node_tree.nodes if node.type == "FRAME"),
        })
        """,
        source=str(artifact_file),
        blend=str(folder / "saved.blend"),
        storage=storage,
    )
    return state


def test_files_beside_the_blend_never_overwrite_one_another(blender, artifact_file, tmp_path):
    (paths,) = blender(
        """
        bpy.ops.wm.save_as_mainfile(filepath=values["blend"])
        module("preferences").preferences().storage = "FILE"
        for width in (64, 80):
            bpy.ops.texnet.generate(source=values["source"], width=width, height=64, destination="IMAGE")
        answer(sorted(bpy.data.images[name].filepath for name in textures()))
        """,
        source=str(artifact_file),
        blend=str(tmp_path / "saved.blend"),
    )
    assert paths == ["//textures/random_0_albedo.png", "//textures/random_0_albedo_001.png"]
    assert len(list((tmp_path / "textures").iterdir())) == 2


def test_float_images_hold_sixteen_bits_of_the_same_colors(blender, artifact_file):
    (state,) = blender(
        """
        import numpy as np
        api = module("api")
        byte, deep = (api.texture(values["source"], size=64, depth=depth)["albedo"] for depth in (8, 16))
        def pixels(image):
            flat = np.empty(len(image.pixels), np.float32)
            image.pixels.foreach_get(flat)
            return flat.reshape(-1, 4)[:, :3]
        colors = pixels(byte)
        linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
        answer({"float": [byte.is_float, deep.is_float], "apart": float(abs(linear - pixels(deep)).max()),
                "finer": len(np.unique(pixels(deep))) > 2 * len(np.unique(pixels(byte)))})
        """,
        source=str(artifact_file),
    )
    # Blender holds float pixels as linear light; half a level of 8 bits is at most 0.0045 there
    assert state["float"] == [False, True] and state["apart"] < 0.0046 and state["finer"]


def test_defaults_and_ranges_are_the_cores(blender):
    (found,) = blender(
        """
        properties = bpy.ops.texnet.generate.get_rna_type().properties
        scene = bpy.types.Scene.bl_rna.properties["texnet"].fixed_type.properties
        answer([[group[name].default, group[name].hard_min, group[name].hard_max]
                for group in (properties, scene) for name in ("width", "height", "seed", "scale")])
        """
    )
    defaults = TextureRequest()
    size = [defaults.width, 16, 65536]
    scale = [defaults.scale, 0.25, 4.0]
    assert found == 2 * [size, [defaults.height, 16, 65536], [defaults.seed, 0, 2**31 - 1], scale]


def test_presets_appear_in_the_panel_with_pictures_and_generate_by_name(blender):
    from texnet_core import list_presets

    (found,) = blender(
        """
        from texnet_core.presets import list_presets
        settings = bpy.context.scene.texnet
        library = module("library")
        names = []
        for name in list_presets():
            settings.source = name
            names.append(settings.request(None).source)
            library.icon_of(library.find(name))  # without a window there are no icons, but their files
            bpy.ops.texnet.generate(source=name, width=64, height=64)
        from hashlib import sha256
        from texnet_core.model.artifact import read_preview
        own = {sha256(read_preview(file)).hexdigest()[:16] for file in list_presets().values()}  # styles have theirs
        pictures = [path for path in module("preferences").user_folder("thumbnails").glob("*.png") if path.stem in own]
        made = [name for name in textures() if "_albedo_" in name]  # a material has more maps
        answer([names, len(pictures), len(made)])
        """
    )
    assert found[0] == list(list_presets()) and found[1] == len(found[0]) == found[2] > 0


def test_every_destination(blender, artifact_file):
    """New and active material, the active image node, an image alone; each is one set of images."""
    (state,) = blender(
        """
        bpy.ops.mesh.primitive_plane_add()
        plane = bpy.context.view_layer.objects.active
        state = {}
        def generate(destination, seed):
            bpy.ops.texnet.generate(source=values["source"], width=64, height=64, seed=seed, destination=destination)
        def base():
            links = plane.active_material.node_tree.nodes["Principled BSDF"].inputs["Base Color"].links
            return links[0].from_node.image.name
        def count():
            return sum(node.type == "TEX_IMAGE" for node in plane.active_material.node_tree.nodes)
        generate("ACTIVE_MATERIAL", 1)
        first = plane.active_material
        state["made"] = [first.name, base(), count()]
        generate("ACTIVE_MATERIAL", 2)
        state["swapped"] = [base(), count(), plane.active_material == first]
        generate("NEW_MATERIAL", 3)
        state["new"] = [base(), plane.active_material != first, plane.active_material.name]
        node = plane.active_material.node_tree.nodes.new("ShaderNodeTexImage")
        plane.active_material.node_tree.nodes.active = node
        generate("REPLACE", 4)
        state["replaced"] = [node.image.name, base(), count()]
        generate("IMAGE", 5)
        state["alone"] = [bpy.data.images["random_albedo_5"].use_fake_user, base()]
        answer(state)
        """,
        source=str(artifact_file),
    )
    assert state == {
        "made": ["Random", "random_albedo_1", 1],
        "swapped": ["random_albedo_2", 1, True],
        "new": ["random_albedo_3", True, "Random.001"],
        "replaced": ["random_albedo_4", "random_albedo_3", 2],
        "alone": [True, "random_albedo_3"],
    }


def test_what_the_user_wired_is_left_alone(blender, artifact_file):
    (state,) = blender(
        """
        cube = bpy.context.view_layer.objects.active
        tree = cube.active_material.node_tree
        own = tree.nodes.new("ShaderNodeTexImage")
        own.image = bpy.data.images.new("own", 4, 4)
        own.location = (tree.nodes["Principled BSDF"].location.x - 550, tree.nodes["Principled BSDF"].location.y)
        tree.links.new(own.outputs["Color"], tree.nodes["Principled BSDF"].inputs["Base Color"])
        bpy.ops.texnet.generate(source=values["source"], width=64, height=64)
        made = tree.nodes.active
        height = lambda node: node.location.y + (node.parent.location.y if node.parent else 0)
        answer({"kept": own.name in tree.nodes and own.image.name, "apart": height(own) - height(made)})
        """,
        source=str(artifact_file),
    )
    assert state["kept"] == "own" and state["apart"] >= 280


def test_variations_are_images_of_the_next_seeds_and_the_first_is_shown(blender, artifact_file):
    (state,) = blender(
        """
        bpy.ops.texnet.generate(source=values["source"], width=64, height=64, seed=5, count=3)
        tree = bpy.context.view_layer.objects.active.active_material.node_tree
        answer([textures(), tree.nodes.active.image.name, bpy.data.images["random_albedo_7"].use_fake_user])
        """,
        source=str(artifact_file),
    )
    assert state == [["random_albedo_5", "random_albedo_6", "random_albedo_7"], "random_albedo_5", True]


def test_a_real_world_size_is_that_size_on_the_surface(blender, artifact_file):
    """The default cube's UV map spans 8 m a unit; without a UV map its own units count."""
    (state,) = blender(
        """
        import numpy as np
        def scale(target, **options):
            bpy.context.view_layer.objects.active = target
            options |= {"source": values["source"], "destination": "NEW_MATERIAL"}
            bpy.ops.texnet.generate(width=128, height=64, **options)
            nodes = target.active_material.node_tree.nodes
            return [round(v, 3) for v in nodes["Mapping"].inputs["Scale"].default_value]
        cube = bpy.data.objects["Cube"]
        state = {"left alone": scale(cube), "cube": scale(cube, world_size=2.0)}
        cube.scale = (2, 2, 2)
        bpy.context.view_layer.update()
        state["larger"] = scale(cube, world_size=2.0)
        mesh = bpy.data.meshes.new("bare")
        mesh.from_pydata([(0, 0, 0), (3, 0, 0), (3, 2, 0), (0, 2, 0)], [], [(0, 1, 2, 3)])
        bare = bpy.data.objects.new("bare", mesh)
        bpy.context.collection.objects.link(bare)
        bpy.context.view_layer.update()
        state["bare"] = scale(bare, world_size=0.5)[:2]
        node = bare.active_material.node_tree.nodes["Mapping"]
        state["coordinates"] = node.inputs["Vector"].links[0].from_socket.name
        answer(state)
        """,
        source=str(artifact_file),
    )
    assert state["left alone"] == [1, 1, 1]
    assert state["cube"] == pytest.approx([4, 8, 4], abs=0.01)
    assert state["larger"] == pytest.approx([8, 16, 8], abs=0.01)
    # from above, a box takes the picture's width along Y and its height, half as much, along X
    assert state["bare"] == pytest.approx([4, 2], abs=0.01)
    assert state["coordinates"] == "Object"


def test_udim_tiles_cover_the_uv_map_join_and_survive(blender, artifact_file, tmp_path):
    (state,) = blender(
        """
        import numpy as np
        cube = bpy.context.view_layer.objects.active
        for loop in cube.data.uv_layers.active.uv:
            loop.vector = (loop.vector[0] * 2, loop.vector[1])
        bpy.ops.texnet.generate(source=values["source"], width=96, height=64, destination="UDIM")
        image = bpy.data.images["random_albedo_0"]
        bpy.ops.wm.save_as_mainfile(filepath=values["blend"])
        bpy.ops.wm.open_mainfile(filepath=values["blend"])
        image = bpy.data.images["random_albedo_0"]
        flat = np.empty(len(image.pixels), np.float32)  # of the first tile
        image.pixels.foreach_get(flat)
        np.save(values["npy"], flat.reshape(64, 96, 4))
        answer({"source": image.source, "tiles": [tile.number for tile in image.tiles],
                "packed": len(image.packed_files), "sizes": [list(tile.size) for tile in image.tiles]})
        """,
        source=str(artifact_file),
        blend=str(tmp_path / "saved.blend"),
        npy=str(tmp_path / "pixels.npy"),
    )
    assert state == {"source": "TILED", "tiles": [1001, 1002], "packed": 2, "sizes": [[96, 64], [96, 64]]}
    whole = quantize(texture(read_artifact(artifact_file), 192, 64), 8)
    first = np.round(np.load(tmp_path / "pixels.npy")[::-1, :, :3] * 255)
    assert np.array_equal(first, whole[:, :96])


def test_undo_takes_image_and_node_away_together(blender, artifact_file):
    (state,) = blender(
        """
        bpy.ops.mesh.primitive_plane_add()
        bpy.ops.ed.undo_push(message="before")
        bpy.ops.texnet.generate("EXEC_DEFAULT", True, source=values["source"], width=64, height=64)
        bpy.ops.ed.undo()
        undone = textures()
        material = bpy.context.view_layer.objects.active.active_material
        bpy.ops.ed.redo()
        image = bpy.data.images["random_albedo_0"]
        answer({"undone": undone, "material": material and material.name, "redone": textures(),
                "pixels": len(set(image.pixels[:64])) > 4, "packed": image.packed_file is not None})
        """,
        source=str(artifact_file),
    )
    assert state == {"undone": [], "material": None, "redone": ["random_albedo_0"], "pixels": True, "packed": True}


def test_errors_are_one_clear_line_and_change_nothing(blender, artifact_file, tmp_path):
    damaged = tmp_path / "damaged.texnet"
    damaged.write_bytes(artifact_file.read_bytes()[:-5])
    (messages,) = blender(
        """
        generate = bpy.ops.texnet.generate
        before = (len(bpy.data.images), len(bpy.data.materials))
        messages = [error_of(generate, source=source, width=64, height=64)
                    for source in ("nosuch", "/nowhere/x.texnet", values["damaged"])]
        messages.append(error_of(generate, source=values["good"], destination="REPLACE"))
        bpy.context.view_layer.objects.active = bpy.data.objects["Light"]
        messages.append(error_of(generate, source=values["good"], destination="UDIM"))
        messages.append(error_of(generate, source=values["good"]))
        bpy.context.view_layer.objects.active = None
        messages.append(error_of(generate, source=values["good"]))
        assert before == (len(bpy.data.images), len(bpy.data.materials))
        answer([messages, module("session").problem.message])
        """,
        damaged=str(damaged),
        good=str(artifact_file),
    )
    said = ("nosuch", "/nowhere/x.texnet", "damaged.texnet", "Image Texture node", "object", "object", "object")
    for message, says in zip(messages[0], said, strict=True):
        assert says in message and "\n" not in message
    assert messages[1] in messages[0][-1]


def test_the_size_keeps_its_aspect_while_linked(blender):
    (state,) = blender(
        """
        settings = bpy.context.scene.texnet
        settings.width, settings.height = 1024, 512
        settings.link_sides = True
        sizes = []
        for name, value in (("width", 2048), ("height", 300), ("width", 16), ("width", 600)):
            setattr(settings, name, value)
            sizes.append([settings.width, settings.height])
        settings.link_sides = False
        settings.width = 100
        answer(sizes + [[settings.width, settings.height]])
        """
    )
    assert state == [[2048, 1024], [600, 300], [16, 16], [600, 300], [100, 300]]
