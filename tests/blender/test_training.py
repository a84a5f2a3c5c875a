"""Training from Blender, in a backend that is this very Python."""

import importlib.util
import re
import sys

import numpy as np
import pytest

from texnet_core.model.families.pyramid import GENERATOR_SIZES

pytestmark = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="a backend needs torch")


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    from PIL import Image

    path = tmp_path_factory.mktemp("exemplar") / "wall.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (192, 192, 3), np.uint8)).save(path)
    return path


@pytest.fixture
def backend(random_vgg19_file):
    return {"python": sys.executable, "vgg19": str(random_vgg19_file)}


SET_UP = """
        preferences = module("preferences").preferences()
        preferences.python, preferences.vgg19 = values["python"], values["vgg19"]
        preferences.library = values["library"]
"""

# Patches compare textures of any size, and take a fraction of the time.
WITHOUT_WEIGHTS = """
        preferences.vgg19 = ""
        os.environ["TORCH_HOME"], os.environ["TEXNET_VGG19"] = values["library"], ""
"""


def test_train_from_a_file_and_generate_with_the_result(blender, backend, picture, tmp_path):
    (state,) = blender(
        SET_UP
        + WITHOUT_WEIGHTS
        + """
        train = bpy.ops.texnet.train
        result = train(exemplar=values["picture"], steps=10, size=64, generator_size="base", flatten=True,
                       real_width=1.2, descriptor="patches", detail="512")
        made = module("library").list_sources()[-1]
        bpy.ops.texnet.generate(source=made.name, width=64, height=64)
        again = error_of(train, exemplar=values["picture"], steps=10, size=64)
        header = module("library").card_of(made)
        answer({"channels": header.settings.channels, "flatten": header.training["flatten"], "size": header.size_m,
                "descriptor": header.training["descriptor"], "detail": header.training["detail"],
                "result": list(result), "title": made.title, "textures": textures(), "again": again,
                "note": module("session").note})
        """,
        picture=str(picture),
        library=str(tmp_path),
        **backend,
    )
    assert state["result"] == ["FINISHED"] and state["title"] == "Wall" and state["textures"] == ["wall_albedo_0"]
    assert state["channels"] == GENERATOR_SIZES["base"].channels and state["flatten"] is True and state["size"] == 1.2
    assert state["descriptor"] == "patches" and state["detail"] == "512"
    assert "generator called Wall" in state["again"]
    assert state["note"] == ""  # the backend made it; nothing had to step in


def test_train_from_an_image_that_only_blender_has_cancel_keeps_and_resume_goes_on(blender, backend, tmp_path):
    (state,) = blender(
        SET_UP
        + """
        import numpy as np
        training, session, standing = module("training"), module("session"), module("standing")
        image = bpy.data.images.new("Drawn", 256, 192)
        pixels = np.random.default_rng(0).random((192, 256, 4), np.float32)
        pixels[:30] = pixels[..., 3] = 1
        image.pixels.foreach_set(pixels.ravel())
        path, is_copy = module("exemplar").exemplar_of(image)
        output = standing.output_for(image, "")
        def options(**more):
            return training.TrainingOptions(path, output, steps=1000, size=192, **more)
        task = training.start(options())
        wait_for(lambda: task.poll(0.1) or task.losses)
        task.cancel()
        task.wait()
        session.end(task)
        kept = standing.standing_of(output).kind == "UNFINISHED"
        state = {"cancelled": task.job.cancelled, "kept": kept, "copy": is_copy, "name": output.name,
                 "notes": [note.split(";")[0] for note in task.job.notes], "exists": output.exists()}
        done = task.job.progress["done"]
        task = training.start(options(resume=True, is_copy=is_copy))
        wait_for(lambda: task.poll(0.1) or task.losses)
        state["on"] = task.job.progress["done"] >= done
        session.stop()
        state["ended"] = not task.job.worker.process.is_alive()
        state["left"] = path.parent.exists()
        answer(state)
        """,
        library=str(tmp_path),
        **backend,
    )
    assert state == {
        "cancelled": True,
        "kept": True,
        "copy": True,
        "name": "Drawn.texnet",
        "notes": ["the picture has a border of one color"],
        "exists": False,
        "on": True,
        "ended": True,
        "left": False,
    }


@pytest.mark.once
def test_what_is_transparent_or_masked_is_not_learned(blender, backend, tmp_path):
    """Hidden colors differ in two trainings, and all that is made is the same."""
    (state,) = blender(
        SET_UP
        + WITHOUT_WEIGHTS
        + """
        import numpy as np
        from texnet_core import read_artifact
        def image(name, hidden):
            made = bpy.data.images.new(name, 128, 128, alpha=True)
            pixels = np.ones((128, 128, 4), np.float32)
            pixels[..., :3] = np.random.default_rng(0).random((128, 128, 3))
            pixels[40:60, 40:60] = pixels[90:110, 20:40] = (*hidden, 1)
            pixels[40:60, 40:60, 3] = 0
            made.pixels.foreach_set(pixels.ravel())
            return made
        mask = bpy.data.images.new("Mask", 128, 128, is_data=True)
        shown = np.ones((128, 128, 4), np.float32)
        shown[90:110, 20:40, :3] = 0
        mask.pixels.foreach_set(shown.ravel())
        digests = []
        for name, hidden in (("Magenta", (1, 0, 1)), ("Green", (0, 1, 0))):
            image(name, hidden)
            bpy.ops.texnet.train(image=name, mask="Mask", name=name, steps=10, size=64)
            made = read_artifact(os.path.join(values["library"], f"{name}.texnet"))
            digests.append(made.provenance.exemplar_sha256)
        small = bpy.data.images.new("Small", 64, 64)
        refused = error_of(bpy.ops.texnet.train, image="Green", mask="Small", name="other", steps=10, size=64)
        answer({"digests": digests, "refused": refused})
        """,
        library=str(tmp_path),
        **backend,
    )
    first, second = state["digests"]
    assert first == second != ""
    assert "has 64x64 pixels" in state["refused"]


PANEL = """
        standing, settings, train = module("standing"), bpy.context.scene.texnet, bpy.ops.texnet.train
        settings.exemplar = bpy.data.images.load(values["picture"])
        settings.generator_name = "wall"
        there = lambda: standing.standing_in_panel(settings)
        common = {"image": "wall.png", "name": "wall", "size": 64}
"""


@pytest.mark.once
def test_a_training_that_was_far_too_short_can_be_continued_and_discarded(blender, backend, picture, tmp_path):
    """What the panel offers at each point, and what comes of it."""
    (state,) = blender(
        SET_UP
        + WITHOUT_WEIGHTS
        + PANEL
        + """
        training = module("training")
        kinds = [there().kind]
        train(**common, minutes=0.0005)
        short = there()
        kinds.append(short.kind)
        told = [short.text, error_of(train, **common, steps=10)]
        seen = []
        make = training.TrainingOptions
        put(training, "TrainingOptions", lambda *a, **o: seen.append(o["minutes"]) or make(*a, **o))
        train(**common, minutes=0.01, resume=True)  # far from all steps, on the fastest computer too
        kinds.append(there().kind)
        budget = [seen[0] - short.spent_minutes, there().spent_minutes > short.spent_minutes]
        bpy.ops.texnet.discard_training(name="wall")
        kinds.append(there().kind)
        told.append(error_of(bpy.ops.texnet.discard_training, name="wall"))
        answer({"kinds": kinds, "told": told, "budget": budget, "left": sorted(os.listdir(values["library"]))})
        """,
        picture=str(picture),
        library=str(tmp_path),
        **backend,
    )
    assert state["kinds"] == ["FREE", "SHORT", "SHORT", "FREE"]
    short, again, nothing = state["told"]
    assert re.fullmatch(r"The training of Wall stopped after \d+ of 400 steps", short)
    assert "of 400 steps; continue it, replace it or discard it" in again
    assert "no unfinished training called wall" in nothing
    assert state["left"] == [] and state["budget"] == [pytest.approx(0.01, rel=0.01), True]


@pytest.mark.once
def test_a_name_that_is_taken_can_be_replaced_or_changed(blender, backend, picture, tmp_path):
    (state,) = blender(
        SET_UP
        + WITHOUT_WEIGHTS
        + PANEL
        + """
        train(**common, steps=10)
        kinds, told = [there().kind], error_of(train, **common, steps=11)
        output = there().output
        before = output.read_bytes()
        train(**common, steps=11, replace=True)
        bpy.ops.texnet.use_free_name()
        kinds.append(there().kind)
        answer({"kinds": kinds, "told": told, "name": settings.generator_name,
                "replaced": output.read_bytes() != before})
        """,
        picture=str(picture),
        library=str(tmp_path),
        **backend,
    )
    assert state["kinds"] == ["DONE", "FREE"] and state["replaced"] and state["name"] == "wall 2"
    assert "has a generator called Wall; replace it, or choose another name such as wall 2" in state["told"]


def test_the_first_step_shows_its_sample_and_its_loss_and_a_stopped_run_says_how_far_it_came(
    blender, backend, picture, tmp_path
):
    (state,) = blender(
        SET_UP
        + WITHOUT_WEIGHTS
        + """
        from pathlib import Path
        training, session, icons = module("training"), module("session"), module("run_icons")
        shown = []
        put(icons, "show", lambda name, picture: shown.append((name, task.step)))
        output = Path(values["library"]) / "wall.texnet"
        task = training.start(training.TrainingOptions(Path(values["picture"]), output, steps=1000, size=64))
        wait_for(lambda: training._tick() is not None and shown)
        text = task.text
        task.cancel()
        wait_for(lambda: training._tick() is None)
        answer({"shown": shown[:2], "text": text, "note": session.note})
        """,
        picture=str(picture),
        library=str(tmp_path),
        **backend,
    )
    assert {name for name, step in state["shown"]} == {"plot", "sample"}
    assert "step" in state["text"]
    assert re.match(r"Training of Wall stopped after \d+ steps?\. Continue it, replace it or discard it", state["note"])


@pytest.mark.once
def test_a_quality_is_budget_and_start_in_one_choice_and_custom_has_both(blender, backend, picture, tmp_path):
    """What the panel's button asks the worker for, and what scripts do; nothing is trained."""
    (state,) = blender(
        SET_UP
        + """
        from texnet_core.errors import RequestError
        training, panel = module("training"), module("panels.training")
        settings, jobs = bpy.context.scene.texnet, []
        class Asked:
            def __init__(self, options):
                job = options.job()
                jobs.append({key: job[key] for key in ("quality", "minutes", "steps", "start") if key in job})
                raise RequestError("asked", expected="", remedy="")
        put(training, "TrainTask", Asked)
        class Button:
            pass
        settings.exemplar = bpy.data.images.load(values["picture"])
        settings.source_name = "moss"
        chosen = [("QUICK", "DEFAULT"), ("STANDARD", "DEFAULT"), ("BEST", "AUTO"),
                  ("CUSTOM", "DEFAULT"), ("CUSTOM", "AUTO"), ("CUSTOM", "INSTANT"), ("CUSTOM", "COLD"),
                  ("CUSTOM", "SELECTED")]
        for settings.quality, settings.start_from in chosen:
            button = Button()
            panel._set_training(button, settings)
            error_of(bpy.ops.texnet.train, **vars(button))
        common = {"exemplar": values["picture"], "name": "other"}
        error_of(bpy.ops.texnet.train, **common)
        error_of(bpy.ops.texnet.train, **common, quality="QUICK", start="cold")
        error_of(bpy.ops.texnet.train, **common, quality="BEST", minutes=3)
        answer(jobs)
        """,
        picture=str(picture),
        library=str(tmp_path),
        **backend,
    )
    assert state == [
        {"quality": "quick"},
        {"quality": "standard"},
        {"quality": "best"},
        {"minutes": 20.0},
        {"minutes": 20.0, "start": "auto"},
        {"minutes": 20.0, "start": "instant"},
        {"minutes": 20.0, "start": "cold"},
        {"minutes": 20.0, "start": "moss"},
        {},
        {"quality": "quick", "start": "cold"},
        {"quality": "best", "minutes": 3.0},
    ]


def test_a_panel_is_drawn_whatever_its_name_and_library_are(blender, tmp_path):
    (state,) = blender(
        """
        standing, library, settings = module("standing"), module("library"), bpy.context.scene.texnet
        found = [standing.standing_in_panel(settings) is None]
        settings.exemplar = bpy.data.images.new("Wall", 8, 8)
        found.append(standing.standing_in_panel(settings).kind)
        for name in ("...", "x" * 400):
            settings.generator_name = name
            there = standing.standing_in_panel(settings)
            found.append(there is None or there.kind == "FREE")
        def broken(name):
            raise PermissionError("no")
        put(library, "new_file", broken)
        found.append(standing.standing_in_panel(settings) is None)
        answer(found)
        """
    )
    assert state == [True, "FREE", True, True, True]


@pytest.mark.once
def test_without_weights_it_learns_through_the_light_descriptor_connects_to_nothing_and_says_so(
    blender, backend, picture, tmp_path, socket_log
):
    (state,) = blender(
        SET_UP
        + WITHOUT_WEIGHTS
        + """
        from pathlib import Path
        client = module("worker_client")
        environment = client.backend_environment() | {"PYTHONPATH": values["spy"]}
        put(client, "backend_environment", lambda: environment)
        training, session = module("training"), module("session")
        output = Path(values["library"]) / "wall.texnet"
        task = training.start(training.TrainingOptions(Path(values["picture"]), output, steps=10, size=192))
        wait_for(lambda: training._tick() is None)
        problem = session.problem and session.problem.message
        told = " ".join(task.job.notes)
        answer({"problem": problem, "note": session.note, "of the run": told, "learned": output.exists()})
        """,
        spy=str(socket_log.spy),
        picture=str(picture),
        library=str(tmp_path),
        **backend,
    )
    assert state["problem"] is None and state["learned"], state
    assert "light descriptor" in state["of the run"] and "choose the descriptor vgg19" in state["of the run"]
    assert "added to your library" in state["note"] and "light descriptor" in state["note"]
    assert "start texnet_core.worker" in socket_log.events()
    assert not {"socket.connect", "socket.getaddrinfo", "socket.sendto"} & set(socket_log.events())


def test_errors_of_training_are_one_clear_line(blender, backend, picture, tmp_path):
    (messages,) = blender(
        """
        train = bpy.ops.texnet.train
        messages = [error_of(train, exemplar=values["picture"])]
        """
        + SET_UP
        + """
        messages += [error_of(train, exemplar="/nowhere/wall.png", steps=10), error_of(train, image="nosuch"),
                     error_of(train), error_of(train, exemplar=values["picture"], size=64, steps=10)]
        preferences.vgg19 = "/nowhere/vgg19.pth"
        messages.append(error_of(train, exemplar=values["picture"], size=192, steps=10))
        preferences.vgg19 = ""
        answer(messages)
        """,
        picture=str(picture),
        library=str(tmp_path),
        **backend,
    )
    said = ("preferences", "/nowhere/wall.png", "nosuch", "choose an image", "at least 172", "vgg19.pth")
    for message, says in zip(messages, said, strict=True):
        assert message and says in message and "\n" not in message, message


def test_the_backend_is_tested_found_and_installed_by_a_command(blender, backend, tmp_path):
    (state,) = blender(
        SET_UP
        + """
        bpy.ops.texnet.test_backend()
        report = list(module("backend").report)
        os.environ["PATH"] = values["bin"]
        os.environ.pop("VIRTUAL_ENV", None)
        bpy.context.preferences.is_dirty = False
        bpy.ops.texnet.detect_backend()
        found, is_kept = preferences.python, bpy.context.preferences.is_dirty
        preferences.python = "/nowhere/python"
        broken = error_of(bpy.ops.texnet.test_backend)
        backend = module("backend")
        answer({"report": report, "found": found, "is_kept": is_kept, "broken": broken,
                "wheel": str(backend.bundled_wheel()), "command": backend.install_command(backend.bundled_wheel())})
        """,
        library=str(tmp_path),
        bin=str(sys.executable).rpartition("/")[0],
        **backend,
    )
    assert "torch" in state["report"][0] and "64 x 64" in state["report"][1] and "can train" in state["report"][1]
    assert state["is_kept"], "Blender does not save the interpreter when it quits"
    assert state["found"] == sys.executable and "/nowhere/python" in state["broken"]
    assert state["wheel"] in state["command"] and "[train,heif]" in state["command"] and " -m venv " in state["command"]


@pytest.mark.once
def test_a_backend_is_tested_in_the_background_and_the_test_can_be_stopped(blender, backend, tmp_path):
    (state,) = blender(
        SET_UP
        + """
        import time
        trial, backend = module("backend_test"), module("backend")
        started = time.monotonic()
        trial.start(values["python"])
        took = time.monotonic() - started
        running = backend.tested_since is not None
        wait_for(lambda: trial._tick() is None)
        report, done = list(backend.report), backend.tested_since is None
        trial.start(values["python"])
        process = trial._running._worker.process
        bpy.ops.texnet.cancel_test()
        stopped = [process.is_alive(), backend.tested_since, list(backend.report), trial._tick()]
        preferences.python = "/nowhere/python"
        answer({"took": took, "running": running, "report": report, "done": done, "stopped": stopped})
        """,
        library=str(tmp_path),
        **backend,
    )
    assert state["running"] and state["done"] and state["took"] < 1
    assert "torch" in state["report"][0] and "can train" in state["report"][1]
    assert state["stopped"] == [False, None, [], None]


def test_the_loss_plot_falls_where_the_loss_falls(blender):
    (rows,) = blender(
        """
        import numpy as np
        icons = module("run_icons")
        picture = icons.plot([8, 4, 2, 1, 1, 1])
        lit = (picture == np.float32(icons.CURVE)).all(axis=2)
        single = icons.plot([1.0])
        answer([[int(np.argmax(lit[:, column])) for column in (0, 100, 200, 319)], list(single.shape)])
        """
    )
    heights, shape = rows
    assert heights == sorted(heights) and heights[0] < 10 and heights[-1] > 140 and shape == [160, 320, 3]


def test_the_backend_is_told_where_blender_has_panoramas(blender, backend, tmp_path):
    """Eight of them, unless the user names others."""
    (state,) = blender(
        SET_UP
        + """
        import os
        from pathlib import Path
        training = module("training")
        own = training.environment()["TEXNET_PANORAMAS"]
        os.environ["TEXNET_PANORAMAS"] = "others"
        answer([len([*Path(own).glob("*.exr")]), training.environment()["TEXNET_PANORAMAS"]])
        """,
        library=str(tmp_path),
        **backend,
    )
    assert state == [8, "others"]
