"""Files that hold several textures: one of them, a mix, and two that a mask tells apart."""

from dataclasses import replace

import numpy as np
import pytest

from tests.core.networks import textures_network
from texnet_core import write_artifact

MEANS = {"slate": (0.2, 0.2, 0.2), "chalk": (0.8, 0.8, 0.8), "red clay": (0.7, 0.3, 0.2)}

SET_UP = """
        import numpy as np
        from dataclasses import replace
        api, history, reuse = module("api"), module("history"), module("reuse")
        STONES = values["stones"]
        settings = bpy.context.scene.texnet
        choice = settings.file_choice
        generate = bpy.ops.texnet.generate

        def pixels(image):
            found = np.empty(len(image.pixels), np.float32)
            image.pixels.foreach_get(found)
            return found.reshape(image.size[1], image.size[0], image.channels)[::-1, :, :3]

        def means(image):
            return [round(float(value), 2) for value in pixels(image).mean((0, 1))]

        def drawn(name, levels):
            image = bpy.data.images.get(name) or bpy.data.images.new(name, levels.shape[1], levels.shape[0])
            texels = np.ones((*levels.shape, 4), np.float32)
            texels[..., :3] = levels[..., None]
            image.pixels.foreach_set(texels[::-1].ravel())
            image.update()
            return image

        def halves(name="Where", side=32):
            levels = np.zeros((side, side), np.float32)
            levels[:, side // 2 :] = 1
            return drawn(name, levels)

        def made():
            return {image.name: means(image) for image in bpy.data.images if "texnet" in image}

        def raised(function, *arguments, **options):
            try:
                function(*arguments, **options)
            except Exception as error:
                return str(error)
"""


@pytest.fixture(scope="module")
def stones(tmp_path_factory):
    """A file whose textures have the colors above."""
    network = textures_network(*MEANS)
    colors = {"colors.mean": np.array(list(MEANS.values()), np.float32)}
    colors |= {"colors.axes": network.parameters["colors.axes"] * 0.2}
    path = tmp_path_factory.mktemp("stones") / "stones.texnet"
    write_artifact(path, replace(network, parameters={**network.parameters, **colors}))
    return path


@pytest.fixture
def stony(blender, stones):
    def run(script, **values):
        (state,) = blender(SET_UP + script, stones=str(stones), **values)
        return state

    return run


MASKED = {"texture": "slate", "mix_to": "chalk", "mix_mask": "Where", "width": 256, "height": 256}


def is_near(found, *wanted):
    """Whether colors are the mean of these textures'."""
    return np.allclose(found, np.mean([MEANS[name] for name in wanted], axis=0), atol=0.08)


def test_the_first_is_the_default_and_any_other_can_be_chosen(stony):
    state = stony(
        """
        for name in ("", "chalk", "red clay"):
            generate(source=STONES, texture=name, width=64, height=64, destination="NEW_MATERIAL")
        answer({"made": made(), "materials": [material.name for material in bpy.data.materials],
                "titles": [history.title_of(image) for image in bpy.data.images if "texnet" in image]})
        """
    )
    names = ["stones_albedo_0", "stones-chalk_albedo_0", "stones-red clay_albedo_0"]
    assert sorted(state["made"]) == sorted(names)
    for name, texture in zip(names, MEANS, strict=True):
        assert is_near(state["made"][name], texture), (name, state["made"])
    assert {"Stones", "Chalk", "Red Clay"} <= set(state["materials"])
    assert sorted(state["titles"]) == ["Chalk · 0 · 64", "Red Clay · 0 · 64", "Stones · 0 · 64"]


def test_what_is_not_chosen_is_said(stony):
    said = stony(
        """
        generate(source=STONES, width=64, height=64, destination="IMAGE")
        answer(module("session").note)
        """
    )
    assert "slate" in said and "chalk" in said


def test_a_mix_lies_between_its_textures(stony):
    state = stony(
        """
        texture = api.texture(STONES, size=64, mix={"slate": 1, "chalk": 1.0})["albedo"]
        again = api.texture(STONES, size=64, mix="slate=1,chalk=1", mix_mask=None)["albedo"]
        other = api.texture(STONES, size=64, mix="slate=3,chalk=1")["albedo"]
        answer({"means": means(texture), "same": texture == again, "other": means(other), "name": texture.name,
                "title": history.title_of(texture), "names": api.textures_in(STONES), "one": api.textures_in("moss")})
        """
    )
    assert state["names"] == [*MEANS] and state["one"] == []
    assert is_near(state["means"], "slate", "chalk") and is_near(state["other"], "slate", "slate", "slate", "chalk")
    assert state["same"] and state["name"] == "stones-slate 50-chalk 50_albedo_0"
    assert state["title"] == "Slate + Chalk · 0 · 64"


def test_the_panel_says_what_is_made_and_follows_what_was_made(stony):
    state = stony(
        """
        settings.source_name, settings.side, settings.destination = STONES, "512", "IMAGE"
        settings.use_covers = False
        shown = [choice.options()]
        choice.black.first.texture = "chalk"
        shown.append(choice.options())
        bpy.ops.texnet.add_to_mix()
        bpy.ops.texnet.add_to_mix()
        choice.black.others[0].share = 0.5
        bpy.ops.texnet.take_from_mix(index=1)
        shown.append(choice.options())
        generate(**settings.options() | {"width": 64, "height": 64})
        image = next(image for image in bpy.data.images if "texnet" in image)
        choice.black.take_over({})
        shown.append(choice.options())
        settings.history_image = image.name
        bpy.ops.texnet.copy_settings()
        shown.append(choice.options())
        settings.source_name = "moss"
        shown.append(choice.options())
        settings.source_name = STONES
        shown.append(choice.options())
        answer({"shown": shown, "means": means(image), "instant": settings.instant_options()["mix"]})
        """
    )
    mixed = {"mix": "chalk=1,slate=0.5"}
    settled = {"mix": "chalk=0.666667,slate=0.333333"}
    first, chosen, *rest = state["shown"]
    assert first == {"texture": "slate"} and chosen == {"texture": "chalk"}
    assert rest == [mixed, {"texture": "slate"}, settled, {}, settled]
    assert is_near(state["means"], "chalk", "chalk", "slate") and state["instant"] == ""


def test_another_file_whose_textures_are_others_begins_anew(stony, tmp_path):
    other = tmp_path / "woods.texnet"
    write_artifact(other, textures_network("oak", "slate"))
    state = stony(
        """
        settings.source_name = STONES
        choice.black.first.texture = "chalk"
        choice.mask = halves()
        shown = [choice.options()]
        settings.source_name = values["other"]
        shown.append(choice.options())
        answer(shown)
        """,
        other=str(other),
    )
    white = {"mix_mask": "Where", "mix_to": "chalk"}
    assert state[0] == {"texture": "chalk"} | white
    assert state[1]["texture"] == "oak"


def test_what_is_wrong_is_one_line_and_nothing_is_made(stony):
    said = stony(
        """
        halves()
        bpy.data.images.new("Movie", 8, 8).source = "MOVIE"
        wrong = ({"texture": "Chalks"}, {"mix": "slate=0,chalk=0"}, {"mix": "slate=-1"}, {"mix": "granite=1"},
                 {"texture": "slate", "mix": "chalk"}, {"mix_to": "chalk"}, {"mix_mask": "Where"},
                 {"mix_to": "chalk", "mix_mask": "Nothing"}, {"mix_to": "chalk", "mix_mask": "Movie"})
        said = [error_of(generate, source=STONES, width=64, height=64, **options) for options in wrong]
        said.append(error_of(generate, source="moss", texture="slate"))
        said.append(raised(api.texture, STONES, mix={"slate": "much"}))
        said.append(raised(api.texture, STONES, mix_mask="Where", mix_to="chalk"))
        answer([said, textures()])
        """
    )
    expected = (
        "did you mean 'chalk'",
        "no weight above 0",
        "weight '-1'",
        "'granite' is unknown",
        "cannot be combined",
    )
    expected += ("needs a mask", "needs a second", "called 'Nothing'", "Movie is not", "hold several", "not a number")
    expected += ("not an image",)
    for text, line in zip(expected, said[0], strict=True):
        assert line and text in line and "\n" not in line, (text, line)
    assert said[1] == []


def test_the_panel_is_drawn_for_such_files_and_its_button_says_what_is_wrong(stony):
    state = stony(
        """
        panel = module("panels.choice")
        settings.source_name = STONES
        right = panel.obstacle(settings.request(None))
        bpy.ops.texnet.add_to_mix()
        choice.black.first.share = choice.black.others[0].share = 0
        wrong = panel.obstacle(settings.request(None))
        settings.source_name = "moss"
        answer([right, wrong, panel.obstacle(settings.request(None))])
        """
    )
    assert state[0] == state[2] == "" and "no weight above 0" in state[1]


def test_a_batch_and_files_take_a_choice(stony, tmp_path):
    state = stony(
        """
        for name in ("slate", "chalk"):
            bpy.ops.texnet.batch(source=STONES, texture=name, goal="FOLDER", folder=values["folder"], count=2, width=64,
                                 height=64)
        answer(sorted(os.listdir(values["folder"])))
        """,
        folder=str(tmp_path),
    )
    assert state == [f"stones-{name}_{seed}_albedo.png" for name in ("chalk", "slate") for seed in (0, 1)]


def test_black_of_a_mask_shows_one_texture_and_white_another(stony):
    state = stony(
        """
        mask, options = halves(), values["options"]
        generate(source=STONES, **options, destination="NEW_MATERIAL")
        image = next(image for image in bpy.data.images if "texnet" in image)
        found = pixels(image)
        preview = api.preview_pixels(STONES, size=256, texture="slate", mix_to={"chalk": 1}, mix_mask=mask)
        answer({"black": found[:, 32:96].mean((0, 1)).tolist(), "white": found[:, 160:224].mean((0, 1)).tolist(),
                "preview": float(np.abs(preview / 255 - found).max()), "title": history.title_of(image),
                "name": image.name, "held": image["texnet_mix_mask"].name})
        """,
        options=MASKED,
    )
    assert is_near(state["black"], "slate") and is_near(state["white"], "chalk")
    assert state["preview"] < 0.01 and state["held"] == "Where"
    assert state["title"] == "Slate + Chalk · 0 · 256" and state["name"] == "stones-slate-chalk_albedo_0"


def test_what_a_mask_holds_counts_and_not_its_name(stony):
    state = stony(
        """
        options, mask = values["options"], halves()
        def again(**changes):
            generate(source=STONES, **options | changes, destination="IMAGE")
            return len(textures())
        counts = [again(), again()]
        first = next(image for image in bpy.data.images if "texnet" in image)
        mask.name = "Renamed"
        counts.append(again(mix_mask="Renamed"))
        bpy.ops.texnet.regenerate(image=first.name)
        counts.append(len(textures()))
        mask.pack()
        counts.append(again(mix_mask="Renamed"))
        levels = np.ones((32, 32), np.float32)
        levels[:, 16:] = 0
        drawn("Renamed", levels)
        counts.append(again(mix_mask="Renamed"))
        mask.pack()
        counts.append(again(mix_mask="Renamed"))
        newest = next(image for image in bpy.data.images if "texnet" in image and image != first)
        left = [float(pixels(image)[:, 32:96].mean()) for image in (first, newest)]
        settings.history_image = first.name
        bpy.ops.texnet.copy_settings()
        copied = choice.options()
        bpy.data.images.remove(mask)
        said = error_of(bpy.ops.texnet.regenerate, image=first.name, factor=2)
        answer({"counts": counts, "left": left, "copied": copied, "said": said, "left over": len(textures())})
        """,
        options=MASKED,
    )
    assert state["counts"] == [1, 1, 1, 1, 1, 2, 2]
    assert state["left"][0] < 0.4 < 0.6 < state["left"][1]
    assert state["copied"] == {"texture": "slate", "mix_to": "chalk", "mix_mask": "Renamed"}
    assert "no image is called" in state["said"] and state["left over"] == 2


def test_the_live_preview_follows_a_mask_that_is_painted_on(stony):
    state = stony(
        """
        preview, request = module("preview"), module("request")
        put(module("follower"), "_FRESH_S", 0.0)
        mask, shown = halves(), []
        follower = preview.Follower()
        follower._show = lambda pixels, step: shown.append(float(pixels[:, 32:96].mean() / 255))
        wanted = request.TextureRequest(STONES, 256, 256, texture="slate", mix_to="chalk", mix_mask="Where")
        def settle():
            follower.want(wanted)
            wait_for(lambda: follower.tick() is None)
        settle()
        settle()
        unchanged = len(shown)
        drawn("Where", np.ones((32, 32), np.float32))
        settle()
        answer({"unchanged": unchanged, "shown": shown})
        follower.remove()
        """
    )
    assert state["unchanged"] == 1 and len(state["shown"]) == 2
    assert state["shown"][0] < 0.4 < 0.6 < state["shown"][1]


def test_a_mask_is_stretched_over_all_udim_tiles(stony):
    state = stony(
        """
        halves()
        bpy.ops.mesh.primitive_plane_add()
        plane = bpy.context.object
        plane.data.materials.append(bpy.data.materials.new("Stone"))
        generate(source=STONES, **values["options"], destination="UDIM", udim=(2, 1))
        image = next(image for image in bpy.data.images if "texnet" in image)
        answer({"tiles": len(image.tiles), "first": means(image)})
        """,
        options=MASKED | {"width": 128, "height": 128},
    )
    assert state["tiles"] == 2 and is_near(state["first"], "slate")
