"""The add-on as Blender installs it: the built zip, in the `bpy` wheel of this Python, in processes of its own."""

import importlib.util
import json
import os
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import numpy as np
import pytest

from texnet_core import read_artefact, synthesize
from texnet_core.images import quantise
from texnet_core.settings import SynthesisSettings

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("bpy") is None, reason="needs a bpy wheel, which this version of Python has not"
)


BLENDERS_OWN_PACKAGES = (
    "bpy",
    "numpy",
    "numpy.libs",
    "requests",
    "urllib3",
    "idna",
    "certifi",
    "charset_normalizer",
    "zstandard",
)

PRELUDE = """
    import json, sys, bpy
    values = json.loads(sys.argv[1])
    def answer(value):
        print("ANSWER", json.dumps(value))
    try:
        # the bpy module starts with factory settings, in which no extension is enabled
        bpy.ops.preferences.addon_enable(module="bl_ext.user_default.texnet")
    except RuntimeError:
        assert "zip" in values, "the extension is not installed"
    """


@pytest.fixture(scope="session")
def extension_zip(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    python = ".".join(map(str, sys.version_info[:2]))
    command = [sys.executable, str(ROOT / "build_addon.py"), "--python", python, "--output", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.zip")
    return path


@pytest.fixture(scope="session")
def blender(extension_zip, tmp_path_factory):
    """Runs a script in a Blender that has the extension installed; what it passes to `answer` comes back."""
    home = tmp_path_factory.mktemp("blender")
    packages = tmp_path_factory.mktemp("packages")
    installed = Path(importlib.util.find_spec("bpy").origin).parents[1]
    for name in BLENDERS_OWN_PACKAGES:
        if (installed / name).exists():
            (packages / name).symlink_to(installed / name)
    environment = os.environ | {"BLENDER_USER_RESOURCES": str(home), "PYTHONPATH": str(packages)}

    def run(script, **values):
        code = textwrap.dedent(PRELUDE) + textwrap.dedent(script)
        # -S: the packages of this environment stay out of reach, so that what is imported came with the zip
        command = [sys.executable, "-S", "-c", code, json.dumps(values)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=home, timeout=240)
        assert done.returncode == 0, done.stdout + done.stderr
        return [json.loads(line[7:]) for line in done.stdout.splitlines() if line.startswith("ANSWER ")]

    (result,) = run(
        """
        answer(list(bpy.ops.extensions.package_install_files(
            filepath=values["zip"], repo="user_default", enable_on_install=False)))
        """,
        zip=str(extension_zip),
    )
    assert result == ["FINISHED"]
    return run


def test_the_zip_holds_the_add_on_and_its_wheels(extension_zip):
    names = zipfile.ZipFile(extension_zip).namelist()
    wheels = [name for name in names if name.endswith(".whl")]
    assert {Path(name).name.partition("-")[0] for name in wheels} == {"onnxruntime", "safetensors", "texnet"}
    assert "blender_manifest.toml" in names and "__init__.py" in names and "LICENSE" in names
    assert extension_zip.stat().st_size < 60e6


def test_the_core_comes_from_the_zip(blender):
    (path,) = blender(
        """
        import importlib.util
        answer(importlib.util.find_spec("texnet_core").origin)
        """
    )
    assert "extensions" in path and str(ROOT) not in path


def test_generate_save_reopen(blender, artefact_file, tmp_path):
    """The pixels are those of the core, packed, wired, and still there in a new process; and they tile."""
    blend = tmp_path / "saved.blend"
    (state,) = blender(
        """
        result = bpy.ops.texnet.generate(source=values["source"], width=320, height=192, seed=7)
        material = bpy.context.view_layer.objects.active.active_material
        shader = material.node_tree.nodes["Principled BSDF"]
        (link,) = shader.inputs["Base Color"].links
        node = link.from_node
        bpy.ops.wm.save_as_mainfile(filepath=values["blend"])
        answer({
            "result": list(result), "type": node.type, "socket": link.from_socket.name, "name": node.image.name,
            "packed": node.image.packed_file is not None, "space": node.image.colorspace_settings.name,
            "left": node.location.x < shader.location.x,
            "active": node.select and material.node_tree.nodes.active == node,
        })
        """,
        source=str(artefact_file),
        blend=str(blend),
    )
    assert state == {
        "result": ["FINISHED"],
        "type": "TEX_IMAGE",
        "socket": "Color",
        "name": "random_albedo_7",
        "packed": True,
        "space": "sRGB",
        "left": True,
        "active": True,
    }
    (pixels,) = blender(
        """
        import numpy as np
        bpy.ops.wm.open_mainfile(filepath=values["blend"])
        image = bpy.data.images["random_albedo_7"]
        flat = np.empty(len(image.pixels), np.float32)
        image.pixels.foreach_get(flat)
        np.save(values["npy"], flat.reshape(image.size[1], image.size[0], 4))
        answer(image.size[:])
        """,
        blend=str(blend),
        npy=str(tmp_path / "pixels.npy"),
    )
    assert pixels == [320, 192]
    reopened = np.load(tmp_path / "pixels.npy")
    expected = quantise(synthesize(read_artefact(artefact_file), (320, 192), 7, engine="onnx")["albedo"], 8)
    assert np.array_equal(np.round(reopened[::-1, :, :3] * 255), expected)
    assert (reopened[..., 3] == 1).all()
    assert reopened[..., :3].std() > 0.01
    for axis in (0, 1):
        gradients = np.abs(np.diff(reopened, axis=axis, append=np.take(reopened, [0], axis)))
        per_line = gradients.mean(axis=tuple({0, 1, 2} - {axis}))
        assert per_line[-1] <= per_line[7:-1:8].max() * 1.2


def test_defaults_and_ranges_are_the_cores(blender):
    (found,) = blender(
        """
        properties = bpy.ops.texnet.generate.get_rna_type().properties
        scene = bpy.types.Scene.bl_rna.properties["texnet"].fixed_type.properties
        answer([[group[name].default, group[name].hard_min, group[name].hard_max]
                for group in (properties, scene) for name in ("width", "height", "seed")])
        """
    )
    defaults = SynthesisSettings()
    size = [defaults.width, 16, 65536]
    assert found == 2 * [size, [defaults.height, 16, 65536], [defaults.seed, 0, 2**31 - 1]]


def test_presets_appear_in_the_panel_and_generate_by_name(blender):
    from texnet_core import list_presets

    (found,) = blender(
        """
        from texnet_core.presets import list_presets
        settings = bpy.context.scene.texnet
        names = []
        for name in list_presets():
            settings.preset = name
            names.append(settings.source)
            bpy.ops.texnet.generate(source=name, width=64, height=64)
        answer([names, len(bpy.data.images)])
        """
    )
    assert found[0] == list(list_presets()) and found[1] >= len(found[0]) > 0


def test_every_result_is_a_new_image_and_a_material_is_made_where_there_is_none(blender, artefact_file):
    (state,) = blender(
        """
        bpy.ops.mesh.primitive_plane_add()
        plane = bpy.context.view_layer.objects.active
        for _ in range(2):
            bpy.ops.texnet.generate(source=values["source"], width=64, height=64, seed=1)
        nodes = [node for node in plane.active_material.node_tree.nodes if node.type == "TEX_IMAGE"]
        linked = plane.active_material.node_tree.nodes["Principled BSDF"].inputs["Base Color"].links[0].from_node
        answer({"images": sorted(node.image.name for node in nodes), "linked": linked.image.name,
                "apart": abs(nodes[0].location.y - nodes[1].location.y)})
        """,
        source=str(artefact_file),
    )
    assert state["images"] == ["random_albedo_1", "random_albedo_1.001"]
    assert state["linked"] == "random_albedo_1.001" and state["apart"] >= 280


def test_undo_takes_image_and_node_away_together(blender, artefact_file):
    (state,) = blender(
        """
        bpy.ops.mesh.primitive_plane_add()
        bpy.ops.ed.undo_push(message="before")
        bpy.ops.texnet.generate("EXEC_DEFAULT", True, source=values["source"], width=64, height=64)
        made = len(bpy.data.images)
        bpy.ops.ed.undo()
        undone = [image.name for image in bpy.data.images if image.name.startswith("random")]
        material = bpy.context.view_layer.objects.active.active_material
        bpy.ops.ed.redo()
        redone = [image.name for image in bpy.data.images if image.name.startswith("random")]
        answer({"undone": undone, "material": material and material.name, "redone": redone})
        """,
        source=str(artefact_file),
    )
    assert state == {"undone": [], "material": None, "redone": ["random_albedo_0"]}


def test_errors_are_one_clear_line_and_change_nothing(blender, artefact_file, tmp_path):
    damaged = tmp_path / "damaged.texnet"
    damaged.write_bytes(artefact_file.read_bytes()[:-5])
    (messages,) = blender(
        """
        before = (len(bpy.data.images), len(bpy.data.materials))
        messages = []
        for source in ("", "nosuch", "/nowhere/x.texnet", values["damaged"]):
            try:
                bpy.ops.texnet.generate(source=source, width=64, height=64)
                messages.append("no error")
            except RuntimeError as error:
                messages.append(str(error).strip())
        assert before == (len(bpy.data.images), len(bpy.data.materials))
        bpy.context.view_layer.objects.active = None
        try:
            bpy.ops.texnet.generate(source=values["good"])
        except RuntimeError as error:
            messages.append(str(error).strip())
        answer(messages)
        """,
        damaged=str(damaged),
        good=str(artefact_file),
    )
    for message, says in zip(
        messages, ("preset", "nosuch", "no file", "damaged.texnet", "Select an object"), strict=True
    ):
        assert says in message and "\n" not in message


def test_the_worker_may_die_and_the_next_generate_works(blender, artefact_file):
    (state,) = blender(
        """
        import os, signal, sys, threading, time
        client = sys.modules["bl_ext.user_default.texnet.worker_client"]
        process = client.shared()._process
        threading.Timer(0.5, process.kill).start()
        try:
            bpy.ops.texnet.generate(source=values["source"], width=16384, height=16384)
            message = "no error"
        except RuntimeError as error:
            message = str(error).strip()
        bpy.ops.texnet.generate(source=values["source"], width=64, height=64)
        answer({"message": message, "images": [i.name for i in bpy.data.images if i.name.startswith("random")],
                "other": client.shared()._process.pid != process.pid})
        """,
        source=str(artefact_file),
    )
    assert "worker ended" in state["message"] and "generate again" in state["message"]
    assert state["images"] == ["random_albedo_0"] and state["other"]


def test_jobs_of_a_dead_worker_end_with_an_error_and_no_crash(blender, artefact_file):
    (state,) = blender(
        """
        import sys
        client = sys.modules["bl_ext.user_default.texnet.worker_client"]
        job = client.shared().submit(values["source"], 4096, 4096, 1)
        client.shared().kill()
        client.shared()
        job.cancel()
        try:
            job.poll()
            answer("no error")
        except client.WorkerError as error:
            answer(str(error))
        job.close()
        """,
        source=str(artefact_file),
    )
    assert "worker ended" in state


def test_nothing_is_imported_from_the_current_folder(blender, artefact_file, tmp_path):
    (tmp_path / "onnxruntime.py").write_text("raise SystemExit('a stranger was here')")
    (result,) = blender(
        """
        import os
        os.chdir(values["folder"])
        answer(list(bpy.ops.texnet.generate(source=values["source"], width=64, height=64)))
        """,
        source=str(artefact_file),
        folder=str(tmp_path),
    )
    assert result == ["FINISHED"]


def test_a_job_can_be_cancelled(blender, artefact_file):
    (state,) = blender(
        """
        import sys, os
        client = sys.modules["bl_ext.user_default.texnet.worker_client"]
        job = client.shared().submit(values["source"], 16384, 16384, 1)
        while not job.done:
            assert not job.poll(0.1)
        job.cancel()
        while not job.poll(0.1):
            pass
        folder = job._folder.name
        job.close()
        answer({"cancelled": job.cancelled, "alive": client.shared().is_alive(), "left": os.path.exists(folder)})
        """,
        source=str(artefact_file),
    )
    assert state == {"cancelled": True, "alive": True, "left": False}


def test_two_jobs_at_once_both_get_their_answers(blender, artefact_file):
    """Whichever is asked first, no job swallows the other's messages; garbage between them does no harm."""
    (state,) = blender(
        """
        import sys
        client = sys.modules["bl_ext.user_default.texnet.worker_client"]
        first, second = (client.shared().submit(values["source"], 512, 512, seed) for seed in (1, 2))
        for line in ("garbage", "[1, 2]", '{"id": ["x"]}', '{"id": 99, "event": "result"}'):
            client.shared()._lines.put(line)
        while not second.poll(0.1):
            pass
        assert first.poll()
        folders = [str(job.result["maps"][0]["file"]) for job in (first, second)]
        first.close()
        second.close()
        answer([folders[0] != folders[1], len(client.shared()._jobs)])
        """,
        source=str(artefact_file),
    )
    assert state == [True, 0]


def test_register_unregister_register_leaves_nothing_behind(blender, artefact_file):
    (state,) = blender(
        """
        import sys, subprocess
        name = "bl_ext.user_default.texnet"
        bpy.ops.texnet.generate(source=values["source"], width=64, height=64)
        worker = sys.modules[name + ".worker_client"]._shared._process
        states = []
        for _ in range(2):
            bpy.ops.preferences.addon_disable(module=name)
            gone = not hasattr(bpy.types.Scene, "texnet") and not any("TEXNET" in t for t in dir(bpy.types))
            bpy.ops.preferences.addon_enable(module=name)
            states.append([gone, hasattr(bpy.types.Scene, "texnet"), hasattr(bpy.types, "TEXNET_PT_material")])
        bpy.ops.texnet.generate(source=values["source"], width=64, height=64)
        answer({"states": states, "ended": worker.poll() is not None})
        """,
        source=str(artefact_file),
    )
    assert state == {"states": [[True, True, True]] * 2, "ended": True}


def test_the_worker_ends_with_blender(blender, artefact_file):
    (pid,) = blender(
        """
        import sys
        bpy.ops.texnet.generate(source=values["source"], width=64, height=64)
        answer(sys.modules["bl_ext.user_default.texnet.worker_client"]._shared._process.pid)
        """,
        source=str(artefact_file),
    )
    import time

    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("the worker still runs")


def test_blenders_process_loads_no_engine(blender, artefact_file):
    (loaded,) = blender(
        """
        bpy.ops.texnet.generate(source=values["source"], width=64, height=64)
        answer([name for name in ("torch", "onnxruntime") if name in sys.modules])
        """,
        source=str(artefact_file),
    )
    assert loaded == []
