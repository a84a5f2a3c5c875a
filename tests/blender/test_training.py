"""Training from Blender, in a backend that is this very Python."""

import importlib.util
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
        result = train(exemplar=values["picture"], steps=10, size=64, generator_size="base", flatten=True)
        made = module("library").list_sources()[-1]
        bpy.ops.texnet.generate(source=made.name, width=64, height=64)
        again = error_of(train, exemplar=values["picture"], steps=10, size=64)
        header = module("library").card_of(made)
        answer({"channels": header.settings.channels, "flatten": header.training["flatten"],
                "result": list(result), "title": made.title, "textures": textures(), "again": again,
                "note": module("session").note})
        """,
        picture=str(picture),
        library=str(tmp_path),
        **backend,
    )
    assert state["result"] == ["FINISHED"] and state["title"] == "Wall" and state["textures"] == ["wall_albedo_0"]
    assert state["channels"] == GENERATOR_SIZES["base"].channels and state["flatten"] is True
    assert "generator called wall" in state["again"]
    assert state["note"] == ""  # the backend made it; nothing had to step in


def test_train_from_an_image_that_only_blender_has_cancel_keeps_and_resume_goes_on(blender, backend, tmp_path):
    (state,) = blender(
        SET_UP
        + """
        import numpy as np
        training, session = module("training"), module("session")
        image = bpy.data.images.new("Drawn", 256, 192)
        pixels = np.random.default_rng(0).random((192, 256, 4), np.float32)
        pixels[:30] = 1
        image.pixels.foreach_set(pixels.ravel())
        path, is_copy = module("exemplar").exemplar_of(image)
        output = training.output_for(image, "")
        def options(**more):
            return training.TrainingOptions(path, output, steps=1000, size=192, **more)
        task = training.start(options())
        wait_for(lambda: task.poll(0.1) or task.losses)
        task.cancel()
        task.wait()
        session.end(task)
        kept = training.resumable(output)
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


def test_without_weights_it_learns_from_patches_connects_to_nothing_and_says_so(
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
    assert "patches" in state["of the run"] and "allow the download" in state["of the run"]
    assert "added to your library" in state["note"] and "patches" in state["note"]
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
        bpy.ops.texnet.detect_backend()
        found = preferences.python
        preferences.python = "/nowhere/python"
        broken = error_of(bpy.ops.texnet.test_backend)
        backend = module("backend")
        answer({"report": report, "found": found, "broken": broken, "wheel": str(backend.bundled_wheel()),
                "command": backend.install_command(backend.bundled_wheel())})
        """,
        library=str(tmp_path),
        bin=str(sys.executable).rpartition("/")[0],
        **backend,
    )
    assert "torch" in state["report"][0] and "64 x 64" in state["report"][1] and "can train" in state["report"][1]
    assert state["found"] == sys.executable and "/nowhere/python" in state["broken"]
    assert state["wheel"] in state["command"] and "[train,heif]" in state["command"] and " -m venv " in state["command"]


def test_the_loss_plot_falls_where_the_loss_falls(blender):
    (rows,) = blender(
        """
        import numpy as np
        training = module("training")
        picture = training.plot([8, 4, 2, 1, 1, 1])
        lit = (picture == np.float32(training._CURVE)).all(axis=2)
        single = training.plot([1.0])
        answer([[int(np.argmax(lit[:, column])) for column in (0, 100, 200, 319)], list(single.shape)])
        """
    )
    heights, shape = rows
    assert heights == sorted(heights) and heights[0] < 10 and heights[-1] > 140 and shape == [160, 320, 3]
