"""Every kind of image can be painted in a style and stays what it is, or is refused in one clear line."""

import numpy as np
import OpenEXR
import pytest
from PIL import Image

from texnet_core.pictures.color import quantize
from texnet_core.pictures.writing import write_image

COLORS = np.kron(np.random.default_rng(2).uniform(0.2, 0.9, (8, 10, 3)), np.ones((4, 4, 1))).astype(np.float32)
ALPHA = np.repeat([0.0, 0.0, 0.4, 1.0, 1.0], 8)[None, :, None].repeat(32, axis=0).astype(np.float32)

# At strength 0 the result is the picture itself: whatever went wrong on the way there or back shows.
COPY = """
        def facts(image):
            return [image.colorspace_settings.name, image.alpha_mode, image.is_float, image.size[:], image.source]
        def copied(image, **options):
            before = names()
            (made,) = api.stylize(image, STYLE, **{"strength": 0} | options)
            assert sorted(names()) == sorted([*before, made.name])
            return made
        def off(made, image):
            return float(np.abs(pixels(made) - pixels(image)).max())
        def check(image, **options):
            made, painted = copied(image), copied(image, strength=1)
            answer({"was": facts(image), "is": facts(made), "off": off(made, image), "packed": len(made.packed_files),
                    "painted": off(painted, image)})
"""


@pytest.fixture
def checked(styled):
    def run(script, **values):
        (state,) = styled(COPY + script, **values)
        assert state["painted"] > 0.02 and state["packed"]
        return state

    return run


def png(path, alpha=None, depth=8):
    values = COLORS if alpha is None else np.dstack((COLORS, alpha))
    write_image(path, quantize(values, depth))
    return str(path)


@pytest.mark.parametrize(("depth", "most"), [(8, 0.0), (16, 4e-5)])
@pytest.mark.parametrize("is_packed", [False, True])
def test_files_of_8_and_16_bits(checked, tmp_path, depth, most, is_packed):
    state = checked(
        """
        image = bpy.data.images.load(values["path"])
        if values["pack"]:
            image.pack()
            os.remove(values["path"])
        check(image)
        """,
        path=png(tmp_path / "a.png", depth=depth),
        pack=is_packed,
    )
    assert state["is"] == state["was"] and state["off"] <= most


@pytest.mark.parametrize("mode", ["STRAIGHT", "CHANNEL_PACKED", "NONE"])
@pytest.mark.parametrize("depth", [8, 16])
def test_a_fourth_channel_stays_and_is_taken_as_the_image_says(styled, tmp_path, mode, depth):
    state, painted = styled(
        COPY
        + """
        image = bpy.data.images.load(values["path"])
        image.alpha_mode = values["mode"]
        made = copied(image)
        answer([facts(image), facts(made), pixels(image).tolist(), pixels(made).tolist()])
        answer(pixels(copied(image, strength=1)).tolist())
        """,
        path=png(tmp_path / "a.png", ALPHA, depth),
        mode=mode,
    )
    was, is_now, before, after = state
    before, after, painted = np.array(before), np.array(after), np.array(painted)
    assert was == is_now
    shown = before[..., 3] > 0 if mode == "STRAIGHT" else np.ones(before.shape[:2], bool)
    assert np.abs(before - after)[shown].max() <= 1e-4
    assert np.abs(before - painted)[..., 3].max() <= 1e-4  # the fourth channel is not painted
    assert np.abs(before - painted)[..., :3].max() > 0.02


@pytest.mark.parametrize("space", ["Non-Color", "Display P3"])
def test_bytes_of_other_color_spaces_and_data_go_as_their_numbers(checked, tmp_path, space):
    state = checked(
        """
        image = bpy.data.images.load(values["path"])
        image.colorspace_settings.name = values["space"]
        check(image)
        """,
        path=png(tmp_path / "a.png"),
        space=space,
    )
    assert state["is"] == state["was"] and state["off"] == 0


def test_light_stays_light(checked, tmp_path):
    """A file of floats, and a generated image of floats that was drawn on."""
    with OpenEXR.File({"compression": OpenEXR.ZIP_COMPRESSION}, {"RGB": COLORS}) as file:
        file.write(str(tmp_path / "a.exr"))
    state = checked("        check(bpy.data.images.load(values['path']))", path=str(tmp_path / "a.exr"))
    assert state["is"][0] == state["was"][0] and state["is"][2] and state["off"] <= 2e-3
    state = checked("        check(drawn(float_buffer=True))")
    assert state["is"][0] == state["was"][0] == "Linear Rec.709" and state["is"][2] and state["off"] <= 2e-3


def test_bytes_of_linear_light_stay_linear(checked, tmp_path):
    state = checked(
        """
        image = bpy.data.images.load(values["path"])
        image.colorspace_settings.name = "Linear Rec.709"
        made = copied(image)
        answer({"was": facts(image), "is": facts(made), "off": off(made, image), "packed": 1, "painted": 1})
        """,
        path=png(tmp_path / "a.png"),
    )
    assert state["is"][0] == state["was"][0] and state["off"] <= 4e-3


def test_what_was_painted_is_what_counts_in_files_too(checked, tmp_path):
    state = checked(
        """
        image = bpy.data.images.load(values["path"])
        changed = pixels(image)
        changed[:10] = changed[:10] * 0.5
        image.pixels.foreach_set(changed.ravel())
        check(image)
        """,
        path=png(tmp_path / "a.png"),
    )
    assert state["is"] == state["was"] and state["off"] <= 1 / 255


def test_gray_images_and_a_single_texel(checked, tmp_path):
    Image.fromarray(quantize(COLORS, 8)[..., 0]).save(tmp_path / "gray.png")
    assert checked("        check(bpy.data.images.load(values['path']))", path=str(tmp_path / "gray.png"))["off"] == 0
    assert checked("        check(drawn(width=1, height=1))")["off"] <= 1 / 255


def test_an_image_of_a_linked_library_is_painted_into_this_file(styled, tmp_path):
    path = png(tmp_path / "a.png")
    (state,) = styled(
        COPY
        + """
        image = bpy.data.images.load(values["path"])
        material, _ = material_with(image, "Linked")
        bpy.data.libraries.write(values["library"], {material}, fake_user=True)
        bpy.ops.wm.read_homefile(use_factory_startup=True, app_template="")
        with bpy.data.libraries.load(values["library"], link=True) as (there, here):
            here.materials = ["Linked"]
        linked = here.materials[0]
        bpy.ops.mesh.primitive_cube_add()
        bpy.context.object.data.materials.append(linked)
        image = next(image for image in bpy.data.images if image.library)
        made = copied(image)
        refused = raised(api.stylize, bpy.context.object, STYLE)
        answer([made.library is None, off(made, image), refused[1], error_of(
            bpy.ops.texnet.stylize, style=STYLE, goal="OBJECTS")])
        """,
        path=path,
        library=str(tmp_path / "library.blend"),
    )
    assert state[0] and state[1] == 0
    assert all("Linked (linked from a library; make it local)" in said for said in state[2:])


def test_udim_tiles_are_painted_one_by_one_with_one_look(styled, tmp_path):
    for number, factor in ((1001, 1.0), (1002, 0.5), (1011, 0.2)):
        write_image(tmp_path / f"wall.{number}.png", quantize(COLORS * factor, 8))
    (state,) = styled(
        """
        image = bpy.data.images.load(os.path.join(values["folder"], "wall.1001.png"))
        image.source = "TILED"
        for number in (1002, 1011):
            image.tiles.new(number)
        image.filepath = os.path.join(values["folder"], "wall.<UDIM>.png")
        (made,) = api.stylize(image, STYLE, strength=0)
        image.pack()
        (again,) = api.stylize(image, STYLE, strength=0)
        found = []
        for one in (made, again):
            for held in one.packed_files:
                path = os.path.join(values["folder"], f"out.{held.tile_number}.png")
                open(path, "wb").write(held.packed_file.data)
                loaded = bpy.data.images.load(path)
                found.append([held.tile_number, pixels(loaded)[..., :3].tolist()])
        answer([made.source, [tile.number for tile in made.tiles], found, history.style_request_of(made).wrap])
        """,
        folder=str(tmp_path),
    )
    source, tiles, found, wrap = state
    assert source == "TILED" and tiles == [1001, 1002, 1011] and wrap == "none"
    assert [number for number, _ in found] == [1001, 1002, 1011] * 2
    for number, values in found:
        factor = {1001: 1.0, 1002: 0.5, 1011: 0.2}[number]
        np.testing.assert_allclose(np.array(values)[::-1], quantize(COLORS * factor, 8) / 255, atol=1e-6)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("image.source = 'MOVIE'", "is a movie or a sequence"),
        ("image.source = 'SEQUENCE'", "is a movie or a sequence"),
        ("image.source = 'TILED'", "ave the tiles of"),
        ("image = drawn(); image.source = 'FILE'; image.filepath = '/nowhere.png'", "pixels"),
        ("image = drawn(alpha=True); image.pixels.foreach_set(np.zeros(len(image.pixels), np.float32))",
         "transparent everywhere"),
        ("image = drawn(float_buffer=True); image.pixels.foreach_set(np.full(len(image.pixels), np.nan, np.float32))",
         "cannot be shown"),
    ],
)  # fmt: skip
def test_what_cannot_be_painted_is_one_clear_line_and_nothing_is_made(styled, script, said):
    (state,) = styled(
        f"""
        image = drawn()
        {script}
        before = names()
        material, node = material_with(image)
        cube_with(material)
        found = raised(api.stylize, image, STYLE)
        button = error_of(bpy.ops.texnet.stylize, style=STYLE)
        answer([found, button, names() == before, node.image == image, len(module("session").tasks)])
        """
    )
    (kind, text), button, is_same, shows, tasks = state
    assert said in text and "\n" not in text and "Error" in kind
    assert said in button and is_same and shows and tasks == 0
