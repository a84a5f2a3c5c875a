"""A walk through the add-on in a Blender with a window, on a virtual screen: `python -m tests.blender.window --help`.

Installs the zip, clicks, waits, looks, and leaves the pictures of docs/addon.md. `walkthrough.py` runs inside that
Blender and asks for clicks and pictures by files in a folder that both see; it exits with an error where something is
not as it should be. A scene that fails is printed, the next one goes on, and the walk fails at its end. `--only` takes
scenes by name. Where to click is what the panel draws there: Blender draws a mark in the place of a button for a
moment, and this script finds it on the screen. Needs Xvfb, xdotool, xwd and ImageMagick's convert.
"""

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
SCREEN = (1600, 1200)
MARK = (255, 0, 255)  # as `walk_tools.mark` draws it
NEAR, MARK_SIDE = 40, 24  # how far off a color may be; pixels that the mark is high at most
STILL_S, STILL_WITHIN_S = 6.0, 240.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("zip", type=Path, help="the extension, built for this Blender's Python")
    parser.add_argument("--blender", default="blender", help="command that starts Blender 5.2; may have arguments")
    parser.add_argument("--output", type=Path, default=Path("docs/images"), help="folder for the pictures")
    parser.add_argument("--backend", default="", help="a Python with texnet and torch; without it nothing is trained")
    parser.add_argument("--exemplar", default="", help="picture to train on")
    parser.add_argument("--vgg19", default="", help="file with VGG-19 weights in Oxford's input convention")
    parser.add_argument("--style", default="", help="a style to paint with; without it the first that ships")
    parser.add_argument("--textures", default="", help="a file of three textures or more; without it none is mixed")
    parser.add_argument(
        "--quick", action="store_true", help="of all presets, put the first into the Asset Browser alone"
    )
    parser.add_argument("--only", default="", help="names of scenes after the first texture, such as 'stylize history'")
    parser.add_argument("--folder", type=Path, help="empty folder that Blender sees under the same name")
    parser.add_argument("--display", default=":93")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="texnet-window-"))
    environment = os.environ | {"DISPLAY": given.display, "LIBGL_ALWAYS_SOFTWARE": "1", "TEXNET_WALK": str(folder)}
    names = ("backend", "exemplar", "vgg19", "style", "textures", "only")
    environment |= {name.upper(): getattr(given, name) for name in names}
    environment["QUICK"] = "yes" if given.quick else ""
    for name in ("walkthrough.py", "walk_tools.py"):
        (folder / name).write_bytes((HERE / name).read_bytes())
    (folder / "texnet.zip").write_bytes(given.zip.read_bytes())
    for name in ("STYLE", "TEXTURES", "EXEMPLAR"):
        if environment[name]:  # where Blender sees it
            there = folder / Path(environment[name]).name
            there.write_bytes(Path(environment[name]).read_bytes())
            environment[name] = str(there)
    size = "{}x{}x24".format(*SCREEN)
    screen = subprocess.Popen(["Xvfb", given.display, "-screen", "0", size, "+extension", "GLX"], stderr=-3)
    try:
        started = time.monotonic()
        blender = shlex.split(given.blender)
        install = ["--command", "extension", "install-file", "-r", "user_default", "-e", str(folder / "texnet.zip")]
        subprocess.run([*blender, *install], env=environment, check=True)
        print(f"installed in {time.monotonic() - started:.1f} s")  # noqa: T201
        window = ["-p", "0", "0", *map(str, SCREEN), "--python", str(folder / "walkthrough.py")]
        process = subprocess.Popen([*blender, *window], env=environment | {"WALK_STARTED": str(time.time())})
        while process.poll() is None:
            for request in sorted(folder.glob("*.request")):
                answer = _serve(request, given.output, environment)
                request.with_suffix(".answer").write_text(answer)
                request.unlink()
            time.sleep(0.1)
    finally:
        screen.terminate()
    sys.exit(process.returncode)


def _serve(request: Path, output: Path, environment: dict[str, str]) -> str:
    """Do what the walk asks for, and answer: a verb, and the words that it wants."""
    verb, *words = request.read_text().split()
    return _VERBS[verb](words, output, environment)


def _point(words: list[str], output: Path, environment: dict[str, str]) -> str:
    """X Y: move the mouse there."""
    return _mouse(["mousemove", *words], environment)


def _click(words: list[str], output: Path, environment: dict[str, str]) -> str:
    """X Y: click there."""
    return _mouse(["mousemove", *words, "sleep", "0.3", "click", "1"], environment)


def _drag(words: list[str], output: Path, environment: dict[str, str]) -> str:
    """X Y X Y: press the mouse at the first place, and let go at the second."""
    x, y, to_x, to_y = map(int, words)
    steps = [(x + (to_x - x) * part // 10, y + (to_y - y) * part // 10) for part in range(1, 11)]
    moves = [word for place in [*steps, (to_x, to_y)] for word in ("mousemove", *map(str, place), "sleep", "0.4")]
    start = ["mousemove", str(x), str(y), "sleep", "1", "mousedown", "1", "sleep", "0.5"]
    return _mouse([*start, *moves, "sleep", "1", "mouseup", "1"], environment)


def _key(words: list[str], output: Path, environment: dict[str, str]) -> str:
    """NAME: press a key."""
    return _mouse(["key", *words], environment)


def _mouse(words: list[str], environment: dict[str, str]) -> str:
    subprocess.run(["xdotool", *words], env=environment, check=True)
    return ""


def _shot(words: list[str], output: Path, environment: dict[str, str]) -> str:
    """NAME WIDTHxHEIGHT+X+Y: save a picture of that part of the screen."""
    name, box = words
    output.mkdir(parents=True, exist_ok=True)
    target = output / f"{name}.png"
    target.write_bytes(_screen(environment, "-crop", box, "+repage", "-strip", "-define", "png:compression-level=9"))
    print(f"wrote {target}")  # noqa: T201
    return ""


def _find(words: list[str], output: Path, environment: dict[str, str]) -> str:
    """WIDTHxHEIGHT+X+Y: "X Y" of the middle of the uppermost mark there, "" where there is none."""
    width, height, left, top = map(int, re.findall(r"\d+", words[0]))
    found = _screen(environment, "-crop", words[0], "+repage", "-depth", "8", form="rgb")
    pixels = np.frombuffer(found, np.uint8).reshape(height, width, 3).astype(int)
    rows, columns = np.nonzero((np.abs(pixels - MARK) < NEAR).all(axis=2))
    if not len(rows):
        return ""
    of_first = rows < rows[0] + MARK_SIDE
    return f"{left + round(columns[of_first].mean())} {top + round(rows[of_first].mean())}"


def _still(words: list[str], output: Path, environment: dict[str, str]) -> str:
    """Wait until the screen stays as it is."""
    deadline, before = time.monotonic() + STILL_WITHIN_S, b""
    while before != (now := _screen(environment, form="rgb")) and time.monotonic() < deadline:
        before = now
        time.sleep(STILL_S)
    return ""


def _screen(environment: dict[str, str], *options: str, form: str = "png") -> bytes:
    dump = subprocess.run(["xwd", "-root", "-silent"], env=environment, check=True, capture_output=True).stdout
    return subprocess.run(
        ["convert", "xwd:-", *options, f"{form}:-"], input=dump, check=True, stdout=subprocess.PIPE
    ).stdout


_VERBS = {
    "click": _click,
    "drag": _drag,
    "find": _find,
    "key": _key,
    "move": _point,
    "shot": _shot,
    "still": _still,
}


if __name__ == "__main__":
    main()
