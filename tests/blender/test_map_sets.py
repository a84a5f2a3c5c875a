"""Whole materials: relief that shows once and has its height, occlusion, chosen maps, and all of it from scripts."""

from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import MATERIAL, random_artifact
from texnet_core import write_artifact
from texnet_core.mapset import MATERIAL_MAPS, MapSpec

BARE = (MapSpec("albedo"), MapSpec("roughness", 1, "data"), MapSpec("height", 1, "data"))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Untrained generators: of all maps, of four, without a normal map, and of colors alone."""
    folder = tmp_path_factory.mktemp("sets")
    kinds = {"full": MATERIAL_MAPS, "wall": MATERIAL, "bare": BARE, "color": (MapSpec("albedo"),)}
    for name, maps in kinds.items():
        known = {} if name == "color" else {"relief": 0.1, "size_m": 0.5}
        write_artifact(folder / f"{name}.texnet", replace(random_artifact(maps=maps), texels_per_exemplar=256, **known))
    return {name: str(folder / f"{name}.texnet") for name in kinds}


TOOLS = """
        api = module("api")
        cube = bpy.context.view_layer.objects.active
        files = values["files"]
        def generate(name, seed=0, **options):
            options = {"width": 64, "height": 64, "destination": "ACTIVE_MATERIAL"} | options
            bpy.ops.texnet.generate(source=files[name], seed=seed, **options)
            return cube.active_material
        def tree(material):
            return material.node_tree
        def kinds(material, kind):
            return [node for node in tree(material).nodes if node.type == kind]
        def way(socket):
            found = []
            while socket.is_linked:
                node = socket.links[0].from_node
                found.append(node.type)
                if node.type == "TEX_IMAGE":
                    return found + [node.image["texnet"]["map"]]
                names = {"NORMAL_MAP": "Color", "DISPLACEMENT": "Height", "MAP_RANGE": "Value", "BUMP": "Height"}
                socket = next(entry for entry in node.inputs
                              if entry.identifier == "A_Color" or entry.name == names.get(node.type))
            return found
        def ways(material):
            shader, output = kinds(material, "BSDF_PRINCIPLED")[0], tree(material).get_output_node("ALL")
            sockets = [*shader.inputs, output.inputs["Displacement"]]
            return {socket.name: way(socket) for socket in sockets if socket.is_linked}
        def state(material):
            return [ways(material), material.displacement_method]
"""

COLOR, PLAIN = ["TEX_IMAGE", "albedo"], {"Base Color": ["TEX_IMAGE", "albedo"], "Roughness": ["TEX_IMAGE", "roughness"]}
NORMAL = {"Normal": ["NORMAL_MAP", "TEX_IMAGE", "normal"]}
HEIGHT = {"Displacement": ["DISPLACEMENT", "TEX_IMAGE", "height"]}


def test_relief_shows_once_by_the_normal_map_or_by_a_surface_that_moves(blender, files):
    """EEVEE adds up a normal map and bump from displacement, and Cycles a normal map and a surface that has moved."""
    (found,) = blender(
        TOOLS
        + """
        material = generate("wall")
        look = material.texnet_look
        found = [state(material)]
        look.true_displacement = True
        found += [state(material), look.true_displacement]
        found.append(state(generate("wall", 1)))
        look.true_displacement = False
        found += [state(material), state(generate("wall", 2)), len(tree(material).nodes)]
        answer([*found, len(tree(generate("wall", 3, destination="NEW_MATERIAL")).nodes)])
        """,
        files=files,
    )
    by_normal, moved, is_moved, again, back, last, count, fresh = found
    assert by_normal == back == last == [PLAIN | NORMAL, "BUMP"]
    assert moved == again == [PLAIN | HEIGHT, "BOTH"] and is_moved
    assert count == fresh  # nothing is added twice


def test_height_without_a_normal_map_is_bump_and_moves_the_surface_where_asked(blender, files):
    (found,) = blender(
        TOOLS
        + """
        found = [state(generate("bare")), cube.active_material.texnet_look.true_displacement]
        found.append(state(generate("bare", 1, true_displacement=True)))
        found.append(state(generate("wall", 2)))
        found.append(state(generate("bare", 3, true_displacement=False)))
        found.append(state(generate("wall", 4)))
        found.append(state(generate("color", 5)))
        answer(found)
        """,
        files=files,
    )
    assert found[:2] == [[PLAIN | HEIGHT, "BUMP"], False] and found[2] == [PLAIN | HEIGHT, "BOTH"]
    assert found[3] == [PLAIN | HEIGHT, "BOTH"] and found[4] == [PLAIN | HEIGHT, "BUMP"]
    assert found[5] == [PLAIN | NORMAL, "BUMP"]
    assert found[6][0].keys() == {"Base Color", "Roughness", "Normal"}  # derived from the color


def test_who_has_wired_both_keeps_both(blender, files):
    (found,) = blender(
        TOOLS
        + """
        material = generate("wall")
        nodes = tree(material)
        nodes.links.new(kinds(material, "DISPLACEMENT")[0].outputs[0], nodes.get_output_node("ALL").inputs[2])
        answer(ways(generate("wall", 1)))
        """,
        files=files,
    )
    assert found == PLAIN | NORMAL | HEIGHT


def test_relief_has_its_meters(blender, files):
    (found,) = blender(
        TOOLS
        + """
        def depth(material):
            node = kinds(material, "DISPLACEMENT")[0]
            return [node.inputs["Scale"].default_value, node.inputs["Midlevel"].default_value, node.space]
        found = [depth(generate("bare", covers=0.25, destination="NEW_MATERIAL"))]
        cube.scale = (3, 3, 3)
        bpy.context.view_layer.update()
        found.append(depth(generate("bare", covers=0.25, destination="NEW_MATERIAL")))
        found.append(depth(generate("bare", covers=0.25, scale=2.0, destination="NEW_MATERIAL")))
        bpy.context.scene.unit_settings.scale_length = 0.01
        found.append(depth(generate("bare", covers=0.25, destination="NEW_MATERIAL")))
        bpy.context.scene.unit_settings.scale_length = 1.0
        material = generate("bare", covers=0.25, destination="NEW_MATERIAL")
        kinds(material, "DISPLACEMENT")[0].inputs["Scale"].default_value = 0.3
        found += [depth(generate("bare", 1, covers=0.25)), material.texnet_look.relief]
        found.append(depth(generate("bare", 1, covers=0.25, relief=2.0)))
        made = api.material(files["bare"], size=64, covers=0.25)
        cube.active_material = made
        api.apply_size([cube])
        answer([*found, depth(made), kinds(made, "MAPPING")[0].inputs["Scale"].default_value[0]])
        """,
        files=files,
    )
    true, scaled, features, centimeters, kept, factor, told, sized, repeats = found
    assert true == [pytest.approx(0.05), 0.5, "WORLD"]
    assert scaled[0] == pytest.approx(0.05)  # 0.1 of what the exemplar shows, which is half a meter
    assert features[0] == pytest.approx(0.1) and centimeters[0] == pytest.approx(5.0)
    assert kept[0] == pytest.approx(0.3) and factor == pytest.approx(6.0)
    assert told[0] == pytest.approx(0.1)
    assert sized[0] == pytest.approx(0.05) and repeats == pytest.approx(96.0)


def test_relief_is_a_factor_of_whatever_shows_it(blender, files):
    (found,) = blender(
        TOOLS
        + """
        material = generate("wall", covers=0.25, relief=0.5)
        strength = kinds(material, "NORMAL_MAP")[0].inputs["Strength"]
        scale = kinds(material, "DISPLACEMENT")[0].inputs["Scale"]
        found = [[strength.default_value, scale.default_value, material.texnet_look.relief]]
        generate("wall", 1, covers=0.5)
        material.texnet_look.true_displacement = True
        found.append([strength.default_value, scale.default_value, material.texnet_look.relief])
        other = generate("wall", 2, covers=0.25, destination="NEW_MATERIAL")
        found.append([other != material, other.texnet_look.relief, other.texnet_look.true_displacement])
        answer(found)
        """,
        files=files,
    )
    assert found[0] == pytest.approx([0.5, 0.025, 0.5]) and found[1] == pytest.approx([0.5, 0.025, 0.5])
    assert found[2] == [True, pytest.approx(0.5), True]  # what was changed goes along to a new material


def test_occlusion_waits_until_it_is_asked_for(blender, files):
    (found,) = blender(
        TOOLS
        + """
        material = generate("full")
        look = material.texnet_look
        count = len(tree(material).nodes)
        texture = next(node for node in kinds(material, "TEX_IMAGE") if node.image["texnet"]["map"] == "ao")
        found = [way(kinds(material, "BSDF_PRINCIPLED")[0].inputs["Base Color"]), look.multiply_ao, texture.label,
                 [image.colorspace_settings.name for image in (texture.image,)]]
        look.multiply_ao = True
        base = lambda: way(kinds(material, "BSDF_PRINCIPLED")[0].inputs["Base Color"])
        mix = kinds(material, "MIX")[0]
        fed = [entry.links[0].from_node.image["texnet"]["map"] for entry in mix.inputs if entry.is_linked]
        found += [base(), look.multiply_ao, fed, mix.blend_type]
        generate("full", 1)
        found.append([base(), look.multiply_ao, texture.image["texnet"]["seed"], len(tree(material).nodes) - count])
        (spot,) = module("subjects").in_objects([cube]).subjects
        found.append(spot.image["texnet"]["map"])
        look.multiply_ao = False
        found.append(base())
        look.multiply_ao = True
        generate("wall", 2)
        found.append(base())
        generate("full", 3, multiply_ao=True)
        found.append([base(), len(kinds(material, "MIX"))])
        answer(found)
        """,
        files=files,
    )
    first, was_on, label, spaces, on, is_on, fed, blend, again, painted, off, lost, last = found
    assert first == off == lost == COLOR and not was_on and label == "Ambient Occlusion" and spaces == ["Non-Color"]
    assert on == ["MIX", *COLOR] and is_on and fed == ["albedo", "ao"] and blend == "MULTIPLY"
    assert again == [["MIX", *COLOR], True, 1, 1] and painted == "albedo"
    assert last == [["MIX", *COLOR], 1]


def test_all_eight_maps_have_their_sockets_spaces_and_one_mapping(blender, files):
    (found,) = blender(
        TOOLS
        + """
        material = generate("full", covers=1.0)
        spaces = {node.image["texnet"]["map"]: node.image.colorspace_settings.is_data
                  for node in kinds(material, "TEX_IMAGE")}
        reroutes = {node.inputs["Vector"].links[0].from_node.name for node in kinds(material, "TEX_IMAGE")}
        frames = {node.label: sorted(other.type for other in tree(material).nodes if other.parent == node)
                  for node in kinds(material, "FRAME")}
        emission = kinds(material, "BSDF_PRINCIPLED")[0].inputs["Emission Strength"].default_value
        image = kinds(material, "TEX_IMAGE")[0].image
        answer([ways(material), spaces, len(reroutes), frames, emission, list(module("creation").set_of(image))])
        """,
        files=files,
    )
    wired, spaces, reroutes, frames, emission, order = found
    assert order == [spec.name for spec in MATERIAL_MAPS]  # Blender lists images by name
    straight = {"Metallic": "metallic", "Alpha": "opacity", "Emission Color": "emission"}
    assert wired == PLAIN | NORMAL | {socket: ["TEX_IMAGE", name] for socket, name in straight.items()}
    assert spaces == {spec.name: spec.color_space == "data" for spec in MATERIAL_MAPS} and reroutes == 1
    assert frames["Mapping"] == ["MAPPING", "TEX_COORD"] and frames["Textures"].count("TEX_IMAGE") == 8
    assert emission == 1


def test_maps_are_chosen_and_those_left_out_are_not_derived(blender, files):
    (found,) = blender(
        TOOLS
        + """
        made = generate("full", maps="albedo,normal")
        found = [ways(made), textures()]
        settings = bpy.context.scene.texnet
        settings.source_name = files["full"]
        settings.map_choice.height = settings.map_choice.ao = False
        found.append(settings.request(None).maps)
        settings.take_over(module("history").request_of(bpy.data.images[textures()[0]]))
        found.append([settings.request(None).maps, settings.map_choice.roughness])
        settings.source_name = files["color"]
        found.append(settings.request(None).maps)
        found.append(sorted(api.texture(files["full"], size=64, maps=["ao", "height"], seed=1)))
        found.append(sorted(api.texture(files["full"], size=64, maps="ao", seed=1)))
        found.append(sorted(path.name for path in api.save(files["wall"], values["folder"], size=64, maps="height")))
        for options in ({"maps": "fur"}, {"maps": 3}, {"maps": "albedo", "true_displacement": True},
                        {"multiply_ao": 1}, {"relief": -1.0}):
            try:
                api.material(files["full"], size=64, **options)
            except Exception as error:
                found.append([type(error).__name__, str(error)])
        found.append(error_of(bpy.ops.texnet.generate, source=files["color"], width=64, height=64, multiply_ao=True))
        answer(found)
        """,
        files=files,
        folder=files["full"] + ".out",
    )
    assert found[0] == {"Base Color": COLOR} | NORMAL and found[1] == ["full_albedo_0", "full_normal_0"]
    assert found[2] == "albedo,normal,roughness,metallic,opacity,emission"
    assert found[3] == ["albedo,normal", False] and found[4] == ""
    assert found[5] == ["ao", "height"] and found[6] == ["ao"] and found[7] == ["wall_0_height.png"]
    assert [name for name, _ in found[8:13]] == ["RequestError"] * 5
    assert "fur" in found[8][1] and "height" in found[10][1] and "; " in found[10][1]
    assert "ao" in found[13] and "multiply_ao" in found[13]


def test_a_set_of_udim_tiles_is_one_image_a_map(blender, files):
    (found,) = blender(
        TOOLS
        + """
        for layer in cube.data.uv_layers:
            for uv in layer.uv:
                uv.vector = (uv.vector[0] * 2, uv.vector[1])
        material = generate("full", destination="UDIM", covers=1.0, maps="albedo,normal,height,ao", multiply_ao=True)
        images = {node.image["texnet"]["map"]: [node.image.source, len(node.image.tiles),
                  node.image.colorspace_settings.is_data, len(node.image.packed_files)]
                  for node in kinds(material, "TEX_IMAGE")}
        answer([images, ways(material)])
        """,
        files=files,
    )
    images, wired = found
    names = {"albedo": False, "normal": True, "height": True, "ao": True}
    assert images == {name: ["TILED", 2, is_data, 2] for name, is_data in names.items()}
    assert wired == {"Base Color": ["MIX", *COLOR]} | NORMAL


def test_a_material_is_made_again_saved_opened_and_taken_back_as_a_whole(blender, files, tmp_path):
    (found,) = blender(
        TOOLS
        + """
        material = generate("full", true_displacement=True, multiply_ao=True)
        sums = lambda: [round(sum(image.pixels[:]), 3) for image in map(bpy.data.images.get, textures())]
        before, values_before = state(material), sums()
        bpy.ops.wm.save_as_mainfile(filepath=values["blend"])
        bpy.ops.wm.open_mainfile(filepath=values["blend"])
        cube = bpy.context.view_layer.objects.active
        material = cube.active_material
        found = [before == state(material), values_before == sums(), material.texnet_look.multiply_ao]
        bpy.context.scene.texnet.destination = "ACTIVE_MATERIAL"
        bpy.ops.texnet.regenerate(image=textures()[0], factor=2)
        sizes = {node.image.size[0] for node in kinds(material, "TEX_IMAGE")}
        found.append([state(material) == before, sizes == {128}])
        names_of = lambda: [node.name for node in tree(material).nodes]
        seen = names_of()
        def fails(*given):
            raise OSError(28, "No space left on device")
        put(module("relief"), "fit", fails)
        held, names = state(material), textures()
        error_of(bpy.ops.texnet.generate, source=files["wall"], width=64, height=64, multiply_ao=False)
        found.append([held == state(material), names == textures(), seen == names_of()])
        answer(found)
        """,
        files=files,
        blend=str(tmp_path / "set.blend"),
    )
    same, kept, multiplied, again, rolled_back = found
    assert same and kept and multiplied
    assert again == [True, True] and rolled_back == [True, True, True]


RENDERED = """
        import math, tempfile
        import numpy as np
        SIDE, WAVES, DEPTH = 64, 4, 0.02
        scene = bpy.context.scene
        scene.render.engine, scene.cycles.samples, scene.cycles.max_bounces = "CYCLES", 4, 0
        scene.cycles.use_denoising, scene.view_settings.view_transform = False, "Raw"
        scene.render.resolution_x = scene.render.resolution_y = SIDE
        scene.render.image_settings.file_format = "OPEN_EXR"
        for thing in list(bpy.data.objects):
            bpy.data.objects.remove(thing)
        def put_in(name, data, **places):
            made = bpy.data.objects.new(name, data)
            for key, value in places.items():
                setattr(made, key, value)
            bpy.context.collection.objects.link(made)
            return made
        scene.camera = put_in("Camera", bpy.data.cameras.new("Camera"), location=(0, 0, 5))
        scene.camera.data.type, scene.camera.data.ortho_scale = "ORTHO", 2
        sun = put_in("Sun", bpy.data.lights.new("Sun", "SUN"), rotation_euler=(0, math.radians(45), 0))
        sun.data.energy, sun.data.angle = math.pi, 0
        bpy.ops.mesh.primitive_grid_add(x_subdivisions=200, y_subdivisions=200, size=2)
        grid = bpy.context.view_layer.objects.active
        bpy.ops.object.shade_smooth()
        across = (np.arange(512) + 0.5) / 512 * 2 * np.pi * WAVES
        slope = 0.5 * WAVES * np.pi * DEPTH * np.cos(across)
        bent = np.stack((-slope, 0 * slope, np.ones_like(slope)), 1) / np.sqrt(1 + slope ** 2)[:, None]
        drawn = {"albedo": np.ones((512, 3)), "normal": (bent + 1) / 2, "roughness": np.ones((512, 3)),
                 "height": np.repeat(0.5 + 0.5 * np.sin(across)[:, None], 3, 1)}
        requests = module("request")
        def material(*names, **told):
            # of the exemplar, which spans 0.1 times the plane's width here, relief is a tenth: DEPTH
            request = requests.TextureRequest(files["wall"], 2560, 2560)
            images, made = module("images"), {}
            for name in names:
                image = bpy.data.images.new(name, 512, 512, float_buffer=True, is_data=name != "albedo")
                values = np.broadcast_to(np.hstack((drawn[name], np.ones((512, 1)))), (512, 512, 4))
                image.pixels.foreach_set(np.ascontiguousarray(values, np.float32).ravel())
                images.set_record(image, request, name, "one set", leads=False)
                made[name] = image
            found = module("creation").new_material("drawn")
            module("creation").apply(found, made, request, grid, 2.0, told)
            shader = kinds(found, "BSDF_PRINCIPLED")[0]
            shader.inputs["Specular IOR Level"].default_value = 0
            return found
        def swing(found):
            grid.data.materials.clear()
            grid.data.materials.append(found)
            scene.render.filepath = os.path.join(tempfile.mkdtemp(), "seen.exr")
            bpy.ops.render.render(write_still=True)
            seen = bpy.data.images.load(scene.render.filepath)
            row = np.array(seen.pixels[:]).reshape(SIDE, SIDE, 4)[8:-8, :, 0].mean(0)
            wave = np.cos((np.arange(SIDE) + 0.5) / SIDE * 2 * np.pi * WAVES)
            return float(2 * (row * wave).mean())
"""


def test_cycles_shows_the_same_relief_by_normals_by_bump_and_by_true_displacement(blender, files):
    """Slopes that rise away from the sun are darker, by as much as the relief says, and never twice."""
    (found,) = blender(
        TOOLS
        + RENDERED
        + """
        whole, bare = ("albedo", "normal", "roughness", "height"), ("albedo", "roughness", "height")
        by_normal, by_bump = material(*whole), material(*bare)
        moved = material(*whole, true_displacement=True)
        depths = [kinds(found, "DISPLACEMENT")[0].inputs["Scale"].default_value for found in (by_bump, moved)]
        answer([depths, [swing(found) for found in (by_normal, by_bump, moved, material("albedo", "roughness"))]])
        """,
        files=files,
    )
    depths, (by_normal, by_bump, moved, flat) = found
    assert depths == pytest.approx([0.02, 0.02])
    expected = -np.sin(np.pi / 4) * 0.5 * 4 * np.pi * 0.02
    assert by_normal == pytest.approx(expected, rel=0.15)
    assert by_bump == pytest.approx(by_normal, rel=0.1) and moved == pytest.approx(by_normal, rel=0.1)
    assert abs(flat) < abs(expected) / 10
