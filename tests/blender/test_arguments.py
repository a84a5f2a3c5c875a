"""Every function of `api` with values of every wrong kind: a TexnetError of one line, and nothing made."""

import pytest

# What no argument takes.
NOTHING = (
    "None",
    "{}",
    "b'moss'",
    "object()",
    "3 + 4j",
    "float('nan')",
    "lambda: 1",
    "bpy.data",
    "[None]",
    "cube.data",
)
TEXTS = ("''", "'a\\0b'", "'nosuch'", "'//'")
NUMBERS = ("-1", "10**400", "1e400", "True", "7.5")
LOOKS = (*NOTHING[1:], *TEXTS, "10**400", "1e400", "True", "'1'")
VALUES = {
    "source": (*NOTHING, *TEXTS, *NUMBERS, "[]", "['moss', None]", "[['moss']]", "'/'", "'moss\\n'", "cube"),
    "count": (*NOTHING, *TEXTS, *NUMBERS, "0", "'2'", "2**31", "10**9 * 9", "[1]"),
    "size": (*NOTHING, *TEXTS, *NUMBERS, "0", "'64x'", "(64,)", "(64, None)", "(64, 64, 64)", "b'@@'", "[]", "10**9"),
    "seed": (*NOTHING, *TEXTS, *NUMBERS, "'1'", "2**31", "[1]"),
    "tile": (*NOTHING, *TEXTS, *NUMBERS, "'xyz'", "['x']", "1"),
    "scale": (*NOTHING, *TEXTS, "-1", "10**400", "1e400", "True", "'1'", "0", "5", "[1.0]"),
    "covers": (*NOTHING, *TEXTS, "-1", "10**400", "1e400", "True", "'1 mile'", "[1.0]"),
    "bump": (*LOOKS, "2"),
    "roughness": (*LOOKS, "2", "(0, 1, 1)", "(0, 'a')", "'ab'"),
    "metallic": (*LOOKS, "-1"),
    "relief": (*LOOKS, "-1", "11"),
    "true_displacement": (*NOTHING[1:], *TEXTS, "1", "'yes'"),
    "multiply_ao": (*NOTHING[1:], *TEXTS, "1", "True"),
    "maps": ("None", "3", "b'moss'", "object()", "[None]", "['fur']", "'fur'", "'albedo,fur'", "bpy.data"),
    "lit": (*NOTHING, *NUMBERS, "'cube'", "['sphere']"),
    "exemplar": (*NOTHING, *TEXTS, *NUMBERS, "cube", "gone", "[surface]", "cube.active_material"),
    "quality": (*NOTHING, *TEXTS, *NUMBERS, "'STANDARD'"),
    "replace": (*NOTHING, *TEXTS, "1"),
    "steps": (*NOTHING, *TEXTS, "'1'", "1.5", "True"),
    "minutes": (*NOTHING, *TEXTS, "'1'", "True"),
    "set_mapping": (*NOTHING, *TEXTS, "1"),
    "depth": (*NOTHING, *TEXTS, *NUMBERS, "'8'", "12", "8.0"),
    "world_size": (*NOTHING, *TEXTS, "-1", "10**400", "1e400", "True", "'1'", "[1.0]"),
    "objects": (*NOTHING, *TEXTS, "cube", "[]", "'Cube'", "['Cube']", "7", "[cube, None]", "[[cube]]", "[removed]",
                "[bpy.data.objects['Camera']]", "bpy.data.materials", "(thing for thing in [1])"),
    "width": (*NOTHING, *TEXTS, "-1", "10**400", "1e400", "True", "'1 mile'", "[1.0]"),
    "whole": (*NOTHING, *TEXTS, "1"),
    "folder": (*NOTHING, "''", "'a\\0b'", "'//x'", "7", "[]", "cube"),
    "targets": (*NOTHING, *TEXTS, "[]", "cube", "'Cube'", "7", "[image, None]", "[[image]]", "[removed]",
                "gone", "[gone]", "bpy.data.images['Movie']", "bpy.data.images", "[image, cube, gone]"),
    "style": (*NOTHING, *TEXTS, *NUMBERS, "[]", "'moss'", "'/'", "image"),
    "mask": (*NOTHING[1:], *TEXTS, "cube", "gone", "[image]", "bpy.data.images['Movie']"),
    "strength": (*NOTHING, *TEXTS, "-1", "1.5", "10**400", "True", "'1'", "[1.0]"),
    "noise": (*NOTHING, *TEXTS, "-1", "11", "10**400", "True", "'1'"),
    "wrap": (*NOTHING, *TEXTS, *NUMBERS, "'xyz'", "['x']"),
    "keep_colors": (*NOTHING, *TEXTS, "1"),
    "from_original": (*NOTHING, *TEXTS, "1"),
    "color": ("1", "None"),
    "texture": (*NOTHING, *NUMBERS, "'slate'", "image"),
    "mix": (*NOTHING, *NUMBERS, "'slate=1'", "{'slate': 1}", "{'slate': None}", "{1: 1}", "['slate']", "image"),
    "mix_to": (*NOTHING, *NUMBERS, "'slate'", "{'slate': True}", "{}"),
    "mix_mask": (*NOTHING[1:], *TEXTS, *NUMBERS, "image", "gone", "[image]", "cube"),
    "image": (*NOTHING, *TEXTS, *NUMBERS, "cube", "gone", "[image]", "bpy.data.images['Movie']"),
    "method": (*NOTHING, *TEXTS, *NUMBERS, "[]", "'Collage'"),
    "name": (*NOTHING, *NUMBERS, "[]", "cube"),
    "real_width": (*NOTHING, "-1", "10**400", "True", "'1 mile'", "[1.0]", "cube"),
}  # fmt: skip
OPTIONS = ("size", "seed", "tile", "scale", "covers", "depth", "texture", "mix", "mix_to", "mix_mask", "maps", "color")
STYLE_OPTIONS = ("mask", "from_original", "strength", "noise", "seed", "scale", "wrap", "keep_colors", "size", "color")
LOOK = ("bump", "roughness", "metallic", "relief", "true_displacement", "multiply_ao")
FUNCTIONS = {
    "texture": ("source", *OPTIONS, "count"),
    "textures": ("source", "count", *OPTIONS),
    "material": ("source", *OPTIONS, *LOOK, "count"),
    "materials": ("source", "count", *OPTIONS, *LOOK),
    "fill": ("objects", "source", "world_size", "set_mapping", *OPTIONS, *LOOK, "count"),
    "save": ("source", "folder", "count", *OPTIONS),
    "preview_pixels": ("source", "whole", "lit", *OPTIONS, "count"),
    "apply_size": ("objects", "width"),
    "state_size": ("source", "size"),
    "textures_in": ("source",),
    "check": ("sources", "count", *OPTIONS),
    "stylize": ("targets", "style", *STYLE_OPTIONS),
    "source_from_image": ("image", "method", "mask", "name", "real_width"),
    "train": ("exemplar", "name", "maps", "mask", "quality", "replace", "steps", "minutes", "real_width", "color"),
}
ELSEWHERE = {"save_asset", "build_library"}  # tried in test_assets.py
SOUND = {"source": "'moss'", "sources": "['moss']", "objects": "[cube]", "folder": "folder", "targets": "image"}
SOUND |= {"image": "surface", "exemplar": "surface"}


def test_all_functions_are_tried(blender):
    (names,) = blender(
        """
        import inspect
        api = module("api")
        functions = {name: getattr(api, name) for name in api.__all__ if inspect.isfunction(getattr(api, name))}
        answer({name: [one.name for one in inspect.signature(function).parameters.values()
                       if one.kind != one.VAR_KEYWORD] for name, function in functions.items()})
        """
    )
    assert names.pop("sources") == names.pop("styles") == names.pop("remove_unused") == []
    assert set(names) - ELSEWHERE == set(FUNCTIONS)
    for name, parameters in names.items():
        assert name in ELSEWHERE or set(parameters) <= set(FUNCTIONS[name])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_wrong_value_is_one_clear_line_and_nothing_is_made(blender, tmp_path, style_file, name):
    sound = SOUND | {"style": repr(str(style_file))} | ({"size": "1.0"} if name == "state_size" else {})
    calls = [
        {one: sound[one] for one in FUNCTIONS[name] if one in sound} | {argument: value}
        for argument in FUNCTIONS[name]
        for value in VALUES["source" if argument == "sources" else argument]
        if not (name in ("check", "fill") and argument in ("sources", "source") and value == "'moss'")
    ]
    (wrong,) = blender(
        """
        from texnet_core.errors import TexnetError
        api, cube, folder = module("api"), bpy.data.objects["Cube"], os.path.join(values["folder"], "new")
        removed = bpy.data.objects.new("removed", None)
        bpy.data.objects.remove(removed)
        image, gone = bpy.data.images.new("image", 8, 8), bpy.data.images.new("gone", 8, 8)
        bpy.data.images.new("Movie", 8, 8).source = "MOVIE"
        bpy.data.images.remove(gone)
        surface = bpy.data.images.new("surface", 64, 64)
        surface.pixels = [0.5 + number * 7919 % 97 / 194 for number in range(64 * 64 * 4)]
        os.chdir(values["folder"])
        kinds = [kind.identifier for kind in bpy.data.bl_rna.properties if kind.type == "COLLECTION"]
        state = lambda: [[len(getattr(bpy.data, kind)) for kind in kinds], cube.active_material.name, os.listdir()]
        before, wrong = state(), []
        for call in values["calls"]:
            arguments = {name: eval(text) for name, text in call.items()}
            try:
                getattr(api, values["name"])(**arguments)
                wrong.append([call, "no error"])
            except TexnetError as error:
                if "\\n" in str(error) or "; " not in str(error):
                    wrong.append([call, str(error)])
            except BaseException as error:
                wrong.append([call, repr(error)])
            if state() != before:
                wrong.append([call, "something was made"])
                before = state()
        answer(wrong)
        """,
        name=name,
        calls=calls,
        folder=str(tmp_path),
    )
    assert wrong == []


def test_what_is_right_in_kind_is_taken(blender, tmp_path):
    """Numbers of NumPy, paths, iterators; an object given twice gets one material."""
    (state,) = blender(
        """
        import numpy as np
        from pathlib import Path
        api, cube = module("api"), bpy.data.objects["Cube"]
        image = api.texture("moss", size=np.int64(64), seed=np.uint8(3), scale=np.float32(0.5), depth=np.int32(8))
        made = api.fill(iter([cube, cube, bpy.data.objects["Light"]]), iter(["moss", "bricks"]), size=[64, 32],
                        world_size=np.float64(1))
        files = api.save("moss", Path(values["folder"]) / "new", np.int16(2), size=64, scale=1)
        api.check("moss", 3)
        answer([image["albedo"].name, [one.name for one in made], [file.name for file in files]])
        """,
        folder=str(tmp_path),
    )
    assert state == ["moss_albedo_3", ["Moss"], ["moss_0_albedo.png", "moss_1_albedo.png"]]
