"""A Blender that has the built zip installed, in processes of its own."""

import contextlib
import functools
import json
import os
import queue
import re
import subprocess
import sys
import tempfile
import textwrap
import threading
from pathlib import Path

import pytest

from tests.blender.stylized import SETTING
from tests.conftest import random_style
from texnet_core import write_artifact

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 240.0

# Another Python with another bpy wheel and nothing else needed: tests one version of Blender after the other.
BPY_PYTHON = os.environ.get("TEXNET_BPY_PYTHON", sys.executable)

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
    "attr",
    "attrs",
    "cattr",
    "cattrs",
    "typing_extensions.py",
)

FACTS = """
import importlib.util, json, os, sys
facts = {"python": "%d.%d" % sys.version_info[:2]}
try:
    facts["bpy"] = getattr(importlib.util.find_spec("bpy"), "origin", None)
    import bpy
except ImportError as error:
    facts["error"] = str(error)
print("FACTS", json.dumps(facts), flush=True)
os._exit(0)
"""


@functools.cache
def facts():
    """Version of Python and either the place of bpy or the error of importing it."""
    done = subprocess.run([BPY_PYTHON, "-c", FACTS], capture_output=True, text=True)
    found = re.search("^FACTS (.*)$", done.stdout, re.MULTILINE)
    return json.loads(found[1]) if found else {"error": done.stderr.strip() or f"exit code {done.returncode}"}


def missing():
    """Why no test here can run, "" if they can."""
    error = facts().get("error", "")
    if "cannot open shared object file" in error:
        libraries = re.search(r"libraries=\((.*)\)", (ROOT / ".ci" / "libraries").read_text())[1]
        return f"bpy cannot be imported ({error}); on Debian and Ubuntu: apt-get install {libraries}"
    return error and f"{BPY_PYTHON} cannot import bpy ({error})"


def pytest_collection_modifyitems(items):
    here = [item for item in items if Path(item.path).parent == Path(__file__).parent]
    if here and missing():
        for item in here:
            item.add_marker(pytest.mark.skip(reason=missing()))


class Process:
    """One Blender, which runs scripts one after the other; see `inside.py`."""

    def __init__(self, environment, folder):
        self.stderr = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            # -S: the packages of this environment stay out of reach, so that what is imported came with the zip
            [BPY_PYTHON, "-S", "-P", str(Path(__file__).with_name("inside.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.stderr, text=True, env=environment, cwd=folder,
        )  # fmt: skip
        self.replies = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.replies.put(json.loads(line))
        self.replies.put({"failed": "Blender has ended"})

    def run(self, script, values):
        """The answers of one script."""
        request = {"code": textwrap.dedent(script), "values": values}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answers = []
        while True:
            reply = self._reply()
            if "answer" not in reply:
                assert "failed" not in reply, reply["failed"] + self._printed()
                return answers
            answers.append(reply["answer"])

    def _reply(self):
        try:
            return self.replies.get(timeout=DEADLINE_S)
        except queue.Empty:
            self.process.kill()
            return {"failed": f"no answer within {DEADLINE_S:.0f} s"}

    def _printed(self):
        self.stderr.seek(0)
        return "\n" + self.stderr.read()[-4000:]

    def is_alive(self):
        return self.process.poll() is None

    def stop(self):
        self.process.stdin.close()
        code = self.process.wait(DEADLINE_S)
        self.process.stdout.close()
        self.stderr.close()
        return code


class Blender:
    """Runs scripts in a Blender that has the extension installed; what they pass to `answer` comes back.

    A call takes the process that is there, which `inside.py` puts back to where it began; `alone` starts another.
    """

    def __init__(self, environment, folder):
        self._environment, self._folder, self._shared = environment, folder, None

    def __call__(self, script, **values):
        if self._shared is None or not self._shared.is_alive():
            self.stop()
            self._shared = self._start()
        return self._shared.run(script, values)

    def alone(self, script, **values):
        process = self._start()
        try:
            answers = process.run(script, values)
        finally:
            code = process.stop()
        assert code == 0
        return answers

    def stop(self):
        if self._shared is not None:
            self._shared.stop()

    def _start(self):
        return Process(self._environment, self._folder)


SPY = """
import sys
log = open({log!r}, "a", buffering=1)
print("start", sys.orig_argv[-1], file=log)
sys.addaudithook(lambda event, arguments: event.startswith("socket.") and print(event, file=log))
"""


class SocketLog:
    """What the Pythons do with sockets that have the folder `spy` on their PYTHONPATH: they run what lies in it."""

    def __init__(self, folder):
        self.spy, self._log = folder, folder / "log"
        (folder / "sitecustomize.py").write_text(SPY.format(log=str(self._log)))

    def events(self):
        """A line for each start of Python, and the name of each event of Python's own audit that is about sockets."""
        return self._log.read_text().splitlines()


@pytest.fixture
def socket_log(tmp_path):
    (tmp_path / "spy").mkdir()
    return SocketLog(tmp_path / "spy")


@pytest.fixture(scope="session")
def extension_zip(tmp_path_factory):
    """Built once, also where several processes run the tests: whoever comes second takes the first one's."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "extension"
    if not shared.exists():
        folder = tmp_path_factory.mktemp("dist")
        command = [sys.executable, str(ROOT / "build_addon.py"), "--python", facts()["python"], "--output", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        with contextlib.suppress(OSError):  # another process was faster
            folder.rename(shared)
    (path,) = shared.glob("*.zip")
    return path


@pytest.fixture(scope="session")
def style_file(tmp_path_factory):
    """An untrained style."""
    path = tmp_path_factory.mktemp("style") / "broad_strokes.texnet"
    write_artifact(path, random_style())
    return path


@pytest.fixture(scope="session")
def blender(extension_zip, tmp_path_factory, request):
    home = tmp_path_factory.mktemp("blender")
    packages = tmp_path_factory.mktemp("packages")
    installed = Path(facts()["bpy"]).parents[1]
    for name in BLENDERS_OWN_PACKAGES:
        if (installed / name).exists():
            (packages / name).symlink_to(installed / name)
    found = Blender(os.environ | {"BLENDER_USER_RESOURCES": str(home), "PYTHONPATH": str(packages)}, home)
    request.addfinalizer(found.stop)
    (result,) = found(
        """
        answer(list(bpy.ops.extensions.package_install_files(
            filepath=values["zip"], repo="user_default", enable_on_install=False)))
        """,
        zip=str(extension_zip),
    )
    assert result == ["FINISHED"]
    found("")  # Blender unpacks the wheels when it first enables the extension, which two at once would both begin
    return found


@pytest.fixture
def styled(blender, style_file):
    """Runs scripts that have what `stylized.SETTING` defines, and the path of a style as STYLE."""

    def run(script, **values):
        return blender(SETTING + script, style=str(style_file), **values)

    return run
