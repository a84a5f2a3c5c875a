"""Runs inside Blender: scripts that come on stdin, one after the other, each in a Blender as it is when it starts.

A request is a line of JSON with the script's `code` and its `values`. What the script passes to `answer` comes back as
a line of JSON each, then `{"done": true}`, or `{"failed": TRACEBACK}`. The end of stdin ends the process.
"""

import contextlib
import importlib.util
import json
import os
import shutil
import signal
import sys
import threading
import time
import traceback
import unittest.mock

# Before anything else: Blender and its add-ons print to stdout whatever they like.
replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)

import bpy  # noqa: E402

EXTENSION = "bl_ext.user_default.texnet"
DEADLINE_S = 120.0


def say(**reply):
    print(json.dumps(reply), file=replies, flush=True)


def answer(value):
    say(answer=value)


def module(name):
    return sys.modules[f"{EXTENSION}.{name}"]


def textures():
    return sorted(image.name for image in bpy.data.images if "texnet" in image)


def error_of(operator, **options):
    try:
        operator(**options)
    except RuntimeError as error:
        return str(error).strip()


def wait_for(state):
    """What `state` returns once it is true."""
    deadline = time.monotonic() + DEADLINE_S
    while not (found := state()):
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)
    return found


def once(state, action):
    """Do something in another thread as soon as `state` returns what is true."""
    threading.Thread(target=lambda: (wait_for(state), action()), daemon=True).start()


def is_installed():
    with contextlib.suppress(ModuleNotFoundError):
        return importlib.util.find_spec(EXTENSION) is not None


def freeze(worker):
    """Let a worker hear nothing more; it must not hear either what is said while the signal is on its way."""
    os.kill(worker.process.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, worker.process.pid, os.WSTOPPED | os.WNOWAIT)


class Reset(contextlib.ExitStack):
    """Gives every script the same Blender, whatever the one before has done to it."""

    def put(self, owner, name, value):
        """Set an attribute until the script ends."""
        self.enter_context(unittest.mock.patch.object(owner, name, value))

    def __enter__(self):
        self.enter_context(unittest.mock.patch.dict(os.environ))
        self.put(sys, "argv", sys.argv[:])
        self.callback(os.chdir, os.getcwd())
        bpy.ops.wm.read_homefile(use_factory_startup=True, app_template="")
        self.libraries = {known.name for known in bpy.context.preferences.filepaths.asset_libraries}
        if is_installed() and EXTENSION not in bpy.context.preferences.addons:
            bpy.ops.preferences.addon_enable(module=EXTENSION)
        self.callback(self._clean)
        return super().__enter__()

    def _clean(self):
        if EXTENSION not in bpy.context.preferences.addons:
            return
        client, session, preferences = module("worker_client"), module("session"), module("preferences")
        chosen = preferences.preferences()
        if chosen.python or session.tasks:
            for worker in client._shared.values():
                worker.process.kill()
            session.stop()
        session.clear_problem()
        for name in chosen.__annotations__:
            chosen.property_unset(name)
        libraries = bpy.context.preferences.filepaths.asset_libraries
        for place in [known for known in libraries if known.name not in self.libraries]:
            libraries.remove(place)
        for name in ("library", "assets"):
            shutil.rmtree(preferences.data_folder(name))
        (preferences.data_folder("") / "gallery.json").unlink(missing_ok=True)


def serve(request):
    with Reset() as reset:
        tools = (answer, module, textures, error_of, wait_for, once, freeze, reset.put)
        names = {tool.__name__: tool for tool in tools} | {"values": request["values"]}
        exec("import json, os, sys, bpy\n" + request["code"], names)


for line in sys.stdin:
    try:
        serve(json.loads(line))
        say(done=True)
    except BaseException:
        say(failed=traceback.format_exc())
# bpy 4.2 crashes while it ends once any operator written in Python is registered
os._exit(0)
