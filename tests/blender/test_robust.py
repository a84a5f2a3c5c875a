"""What goes wrong around Blender: workers that die, hang or babble, full disks, an add-on that is switched off."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import posix
from tests.waiting import wait_until

# A Python that is none: a script that behaves as a broken worker would.
BROKEN_WORKERS = {
    "crash": "echo boom >&2; exit 3",
    "garbage": "echo 'garbage'; echo '[1]'; echo '{\"id\": 1}'; exit 0",
    "old": 'echo \'{"event": "ready", "version": "0.0.1", "protocol": 1}\'; exec sleep 60',
    "flood": "yes garbage",
}


@pytest.fixture
def broken_python(tmp_path):
    def make(kind):
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\n{BROKEN_WORKERS[kind]}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    return make


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:  # it has just ended, or this is no Linux
        return not Path("/proc/self").exists()


def wait_until_ended(pid):
    wait_until(lambda: not is_alive(pid), 60)


def test_the_worker_may_be_killed_and_the_next_generate_works(blender, artifact_file):
    (state,) = blender(
        """
        client = module("worker_client")
        worker = client.bundled()
        once(lambda: any(job.started for job in list(worker.jobs.values())), worker.process.kill)
        message = error_of(bpy.ops.texnet.generate, source=values["source"], width=16384, height=16384)
        bpy.ops.texnet.generate(source=values["source"], width=64, height=64)
        answer({"message": message, "images": textures(), "other": client.bundled() is not worker})
        """,
        source=str(artifact_file),
    )
    assert "worker ended unexpectedly" in state["message"] and "try again" in state["message"]
    assert state["images"] == ["random_albedo_0"] and state["other"]


@posix
def test_a_worker_that_hangs_is_ended_and_the_next_generate_works(blender, artifact_file):
    (state,) = blender(
        """
        client = module("worker_client")
        hanging = client.bundled()
        put(client, "SILENCE_S", 1.0)
        freeze(hanging)
        message = error_of(bpy.ops.texnet.generate, source=values["source"], width=64, height=64)
        put(client, "SILENCE_S", 60.0)
        bpy.ops.texnet.generate(source=values["source"], width=64, height=64)
        answer({"message": message, "images": textures(), "ended": not hanging.process.is_alive()})
        """,
        source=str(artifact_file),
    )
    assert "no sign of life" in state["message"] and "\n" not in state["message"]
    assert state["images"] == ["random_albedo_0"] and state["ended"]


@posix
def test_cancel_ends_a_worker_that_does_not_listen(blender, artifact_file):
    (state,) = blender(
        """
        session, request = module("session"), module("request")
        put(module("worker_client"), "GRACE_S", 0.5)
        task = session.SynthesisTask(request.TextureRequest(values["source"], 4096, 4096))
        freeze(task.job.worker)
        task.cancel()
        task.wait()
        folder = task.job.folder
        session.end(task)
        answer({"cancelled": task.job.cancelled, "left": folder.exists()})
        """,
        source=str(artifact_file),
    )
    assert state == {"cancelled": True, "left": False}


def test_jobs_of_a_dead_worker_end_with_an_error_and_no_crash(blender, artifact_file):
    (state,) = blender(
        """
        session, request, client = module("session"), module("request"), module("worker_client")
        task = session.SynthesisTask(request.TextureRequest(values["source"], 4096, 4096))
        client.bundled().process.kill()
        client.bundled()
        task.cancel()
        try:
            task.poll()
            answer("no error")
        except client.WorkerError as error:
            answer(str(error))
        task.close()
        """,
        source=str(artifact_file),
    )
    assert "worker ended unexpectedly" in state


@pytest.mark.parametrize("kind", BROKEN_WORKERS)
@posix
def test_a_broken_backend_is_replaced_by_the_bundled_engine_with_a_note(blender, artifact_file, broken_python, kind):
    (state,) = blender(
        """
        put(module("worker_client"), "SILENCE_S", 8.0)  # what the bundled engine says nothing for is shorter
        module("preferences").preferences().python = values["python"]
        result = bpy.ops.texnet.generate(source=values["source"], width=64, height=64)
        answer({"result": list(result), "images": textures(), "note": module("session").note})
        """,
        source=str(artifact_file),
        python=broken_python(kind),
    )
    assert state["result"] == ["FINISHED"] and state["images"] == ["random_albedo_0"]
    assert "bundled engine" in state["note"]


def test_a_backend_that_is_no_program_is_replaced_too(blender, artifact_file, tmp_path):
    (notes,) = blender(
        """
        notes = []
        programs = values["folder"], values["folder"] + "/nothing", values["source"]
        for seed, python in enumerate(programs):
            module("preferences").preferences().python = python
            module("session").clear_problem()
            bpy.ops.texnet.generate(source=values["source"], width=64, height=64, seed=seed)
            notes.append(module("session").note)
        answer(notes)
        """,
        source=str(artifact_file),
        folder=str(tmp_path),
    )
    assert all("bundled engine" in note for note in notes)


def test_a_request_that_is_wrong_is_not_blamed_on_the_backend(blender, artifact_file, tmp_path):
    """The bundled engine has the last word: what it refuses too is an error."""
    damaged = tmp_path / "damaged.texnet"
    damaged.write_bytes(artifact_file.read_bytes()[:-5])
    (message,) = blender(
        """
        module("preferences").preferences().python = values["python"]
        answer(error_of(bpy.ops.texnet.generate, source=values["source"], width=64, height=64))
        """,
        source=str(damaged),
        python=sys.executable,
    )
    assert "damaged.texnet" in message


def test_a_folder_without_write_permission_or_room_is_one_clear_line(blender, artifact_file, tmp_path):
    blend = tmp_path / "saved.blend"
    (state,) = blender(
        """
        import tempfile
        bpy.ops.wm.save_as_mainfile(filepath=values["blend"])
        module("preferences").preferences().storage = "FILE"
        open(os.path.join(os.path.dirname(values["blend"]), "textures"), "w").close()
        before = len(bpy.data.images), len(bpy.data.materials)
        messages = [error_of(bpy.ops.texnet.generate, source=values["source"], width=64, height=64)]
        module("preferences").preferences().storage = "PACK"
        put(tempfile, "tempdir", "/nowhere")
        messages.append(error_of(bpy.ops.texnet.generate, source=values["source"], width=64, height=64))
        after = len(bpy.data.images), len(bpy.data.materials)
        put(tempfile, "tempdir", None)
        bpy.ops.texnet.generate(source=values["source"], width=64, height=64)
        answer({"messages": messages, "unchanged": before == after, "images": textures()})
        """,
        source=str(artifact_file),
        blend=str(blend),
    )
    assert all(message and "\n" not in message for message in state["messages"]), state
    assert state["unchanged"] and state["images"] == ["random_albedo_0"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_one_clear_line_and_the_next_generate_works(blender, artifact_file):
    """Every file that the worker writes is a link to a device without room."""
    (state,) = blender(
        """
        session, request = module("session"), module("request")
        worker = module("worker_client").bundled()
        submit, folders = worker.submit, []
        def into_a_full_disk(message, **options):
            import resource
            resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE, (4096, 4096))
            return submit(message, **options)
        worker.submit = into_a_full_disk
        message = error_of(bpy.ops.texnet.generate, source=values["source"], width=512, height=512)
        worker.process.kill()
        bpy.ops.texnet.generate(source=values["source"], width=64, height=64)
        answer({"message": message, "images": textures()})
        """,
        source=str(artifact_file),
    )
    assert state["message"] and "\n" not in state["message"]
    assert state["images"] == ["random_albedo_0"]


def test_a_missing_wheel_is_one_clear_line(blender, artifact_file):
    (message,) = blender(
        """
        import importlib.util
        find = importlib.util.find_spec
        module("worker_client").stop_all()
        put(importlib.util, "find_spec", lambda name, *more: None if name == "onnxruntime" else find(name, *more))
        answer(error_of(bpy.ops.texnet.generate, source=values["source"], width=64, height=64))
        """,
        source=str(artifact_file),
    )
    assert "without onnxruntime for Python" in message and "install the zip" in message and "\n" not in message


def test_two_jobs_at_once_both_get_their_answers(blender, artifact_file):
    """Whichever is asked first, no job swallows the other's messages; garbage between them does no harm."""
    (state,) = blender(
        """
        session, request = module("session"), module("request")
        first, second = (session.SynthesisTask(request.TextureRequest(values["source"], 512, 512, seed))
                         for seed in (1, 2))
        worker = module("worker_client").bundled()
        for line in ("garbage", "[1, 2]", '{"id": ["x"]}', '{"id": 99, "event": "result"}', "[" * 100000):
            worker.process.lines.put(line)
        wait_for(lambda: second.poll(0.1))
        assert first.poll()
        folders = [os.path.dirname(task.job.result["maps"][0]["files"][0]) for task in (first, second)]
        first.close()
        second.close()
        answer([folders[0] != folders[1], len(worker.jobs)])
        """,
        source=str(artifact_file),
    )
    assert state == [True, 0]


def test_register_unregister_register_leaves_nothing_behind(blender, artifact_file):
    (state,) = blender(
        """
        name = "bl_ext.user_default.texnet"
        bpy.ops.texnet.generate(source=values["source"], width=64, height=64)
        worker = module("worker_client").bundled().process
        states = []
        for _ in range(2):
            bpy.ops.preferences.addon_disable(module=name)
            left = [t for t in dir(bpy.types) if "TEXNET" in t.upper()] + [o for o in dir(bpy.ops) if o == "texnet"]
            for handlers in (getattr(bpy.app.handlers, name) for name in dir(bpy.app.handlers)):
                if isinstance(handlers, list):
                    left += [str(one) for one in handlers if "texnet" in str(getattr(one, "__module__", ""))]
            gone = not hasattr(bpy.types.Scene, "texnet") and not left
            bpy.ops.preferences.addon_enable(module=name)
            states.append([gone, hasattr(bpy.types.Scene, "texnet"), hasattr(bpy.types, "TEXNET_PT_material")])
        bpy.ops.texnet.generate(source=values["source"], width=64, height=64)
        answer({"states": states, "ended": not worker.is_alive()})
        """,
        source=str(artifact_file),
    )
    assert state == {"states": [[True, True, True]] * 2, "ended": True}


@posix
def test_disabling_the_add_on_during_a_job_leaves_no_process_and_no_files(blender, artifact_file):
    (state,) = blender(
        """
        session, request = module("session"), module("request")
        task = session.SynthesisTask(request.TextureRequest(values["source"], 16384, 16384))
        session.start(task)
        wait_for(lambda: task.poll(0.1) or task.job.started)
        bpy.ops.preferences.addon_disable(module="bl_ext.user_default.texnet")
        answer({"pid": task.job.worker.process.pid, "left": task.job.folder.exists()})
        """,
        source=str(artifact_file),
    )
    assert not state["left"]
    wait_until_ended(state["pid"])


def test_a_result_after_undo_or_another_file_finds_no_stale_reference(blender, artifact_file):
    """The object has gone, or the whole file: the image is made, and nothing else is touched."""
    (state,) = blender(
        """
        session, request, creation = module("session"), module("request"), module("creation")
        states = []
        bpy.ops.ed.undo_push(message="before")
        for change in (lambda: (bpy.ops.mesh.primitive_plane_add("EXEC_DEFAULT", True), bpy.ops.ed.undo()),
                       lambda: bpy.data.objects.remove(bpy.data.objects["Cube"]),
                       lambda: bpy.ops.wm.read_homefile(app_template="")):
            if states:
                bpy.ops.wm.read_homefile(app_template="")
            target = creation.target_of("ACTIVE_MATERIAL", bpy.data.objects["Cube"])
            task = session.SynthesisTask(request.TextureRequest(values["source"], 64, 64))
            change()
            task.wait()
            creation.place(task.job.result, task.request, target)
            session.end(task)
            states.append(len(textures()))
        answer(states)
        """,
        source=str(artifact_file),
    )
    assert state == [1, 1, 1]


@posix
def test_two_blenders_at_once_have_workers_of_their_own_which_end_with_them(blender, artifact_file):
    """They share the extension and nothing else."""
    from concurrent.futures import ThreadPoolExecutor

    script = """
        bpy.ops.texnet.generate(source=values["source"], width=1024, height=1024, seed=values["seed"])
        answer([textures(), module("worker_client").bundled().process.pid])
        """
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(blender.alone, script, source=str(artifact_file), seed=seed) for seed in (1, 2)]
        (first,), (second,) = (run.result() for run in runs)
    assert first[0] == ["random_albedo_1"] and second[0] == ["random_albedo_2"] and first[1] != second[1]
    wait_until_ended(first[1])
    wait_until_ended(second[1])


def test_neither_blender_nor_its_worker_opens_a_socket(blender, artifact_file, socket_log):
    (state,) = blender(
        """
        client, opened = module("worker_client"), []
        environment = client.bundled_environment()
        environment |= {"PYTHONPATH": os.pathsep.join((values["spy"], environment["PYTHONPATH"]))}
        put(client, "bundled_environment", lambda: environment)
        client.stop_all()
        sys.addaudithook(lambda event, arguments: event.startswith("socket.") and opened.append(event))
        bpy.ops.texnet.generate(source=values["source"], width=64, height=64)
        module("preview_jobs").make(module("request").TextureRequest(values["source"]))
        files = f"/proc/{client.bundled().process.pid}/fd"
        links = [os.readlink(f"{files}/{file}") for file in os.listdir(files)] if os.path.isdir(files) else []
        answer([opened, [link for link in links if link.startswith("socket:")]])
        client.stop_all()
        """,
        source=str(artifact_file),
        spy=str(socket_log.spy),
    )
    assert state == [[], []]
    assert socket_log.events() == ["start texnet_core.worker"]


def test_the_socket_log_would_show_a_connection(socket_log):
    code = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('127.0.0.1', 9))"
    environment = os.environ | {"PYTHONPATH": str(socket_log.spy)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    assert "socket.connect" in socket_log.events()


def test_cancelling_one_that_waits_leaves_the_one_that_runs(blender, artifact_file):
    (state,) = blender(
        """
        session, request = module("session"), module("request")
        tasks = [session.SynthesisTask(request.TextureRequest(values["source"], side, side)) for side in (2048, 64)]
        wait_for(lambda: tasks[0].poll(0.1) or tasks[0].job.started)
        tasks[1].cancel()
        tasks[1].wait()
        waited = tasks[0].job.result is None
        tasks[0].wait()
        answer([waited, tasks[1].job.cancelled, tasks[0].job.result is not None])
        """,
        source=str(artifact_file),
    )
    assert state == [True, True, True]


@posix
def test_a_worker_that_is_killed_for_one_makes_the_others_all_the_same(blender, artifact_file):
    (state,) = blender(
        """
        session, request = module("session"), module("request")
        put(module("worker_client"), "GRACE_S", 0.3)
        tasks = [session.SynthesisTask(request.TextureRequest(values["source"], side, side)) for side in (4096, 64)]
        freeze(tasks[0].job.worker)
        tasks[0].cancel()
        tasks[0].wait()
        tasks[1].wait()
        answer([tasks[0].job.cancelled, tasks[1].job.result is not None, tasks[1].note])
        """,
        source=str(artifact_file),
    )
    assert state == [True, True, ""]


@posix
def test_what_is_cancelled_is_not_made_by_another_engine(blender, artifact_file, broken_python):
    (state,) = blender(
        """
        session, request = module("session"), module("request")
        module("preferences").preferences().python = values["python"]
        task = session.SynthesisTask(request.TextureRequest(values["source"], 64, 64))
        task.cancel()
        task.wait()
        answer([task.job.cancelled, task.job.result])
        """,
        source=str(artifact_file),
        python=broken_python("crash"),
    )
    assert state == [True, None]


def test_no_line_of_a_worker_is_lost_however_many_come_at_once(blender, tmp_path):
    script = tmp_path / "chatter.py"
    script.write_text("import json\nfor number in range(450):\n    print(json.dumps({'id': number}))\n")
    (numbers,) = blender(
        """
        import sys
        process = module("worker_process").WorkerProcess(sys.executable, dict(os.environ), [values["chatter"]])
        process._process.wait()
        process.drain()
        answer([[message["id"] for message in process.messages()] for _ in range(4)])
        """,
        chatter=str(script),
    )
    assert [len(some) for some in numbers] == [200, 200, 50, 0]
    assert [number for some in numbers for number in some] == list(range(450))


def test_an_update_brings_its_core_into_the_running_blender(blender, artifact_file):
    """Blender drops the add-on's own modules where it updates it, and no package that came in a wheel."""
    before, after, made = blender.alone(
        """
        import texnet_core

        name = "bl_ext.user_default.texnet"
        answer(texnet_core.__version__)
        bpy.ops.preferences.addon_disable(module=name)
        texnet_core.__version__ = texnet_core.version.__version__ = "0.0.1"
        for part in [part for part in sys.modules if part.startswith(name)]:
            del sys.modules[part]
        bpy.ops.preferences.addon_enable(module=name)
        answer(sys.modules["texnet_core"].__version__)
        answer(list(bpy.ops.texnet.generate(source=values["source"], width=64, height=64)))
        """,
        source=str(artifact_file),
    )
    assert after == before and made == ["FINISHED"]
