"""A walk through the add-on in a Blender with a window, on a virtual screen: `python -m tests.blender.window --help`.

Installs the zip, clicks, waits, looks, and leaves the pictures of docs/addon.md. `walkthrough.py` runs inside that
Blender and asks for clicks and pictures by files in a folder that both see; it exits with an error where something is
not as it should be. Needs Xvfb, xdotool, xwd and ImageMagick's convert.
"""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCREEN = (1600, 1200)


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
    parser.add_argument("--folder", type=Path, help="empty folder that Blender sees under the same name")
    parser.add_argument("--display", default=":93")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="texnet-window-"))
    environment = os.environ | {"DISPLAY": given.display, "LIBGL_ALWAYS_SOFTWARE": "1", "TEXNET_WALK": str(folder)}
    names = ("backend", "exemplar", "vgg19", "style", "textures")
    environment |= {name.upper(): getattr(given, name) for name in names}
    (folder / "walkthrough.py").write_bytes((HERE / "walkthrough.py").read_bytes())
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
                _serve(request, given.output, environment)
                request.unlink()
            time.sleep(0.1)
    finally:
        screen.terminate()
    sys.exit(process.returncode)


def _serve(request: Path, output: Path, environment: dict[str, str]) -> None:
    """Do what the walk asks for: "click X Y", "move X Y", "key NAME" or "shot NAME WIDTHxHEIGHT+X+Y"."""
    verb, *words = request.read_text().split()
    if verb == "click":
        subprocess.run(["xdotool", "mousemove", *words, "sleep", "0.3", "click", "1"], env=environment, check=True)
    elif verb == "move":
        subprocess.run(["xdotool", "mousemove", *words], env=environment, check=True)
    elif verb == "key":
        subprocess.run(["xdotool", "key", *words], env=environment, check=True)
    else:
        name, box = words
        output.mkdir(parents=True, exist_ok=True)
        dump = subprocess.run(["xwd", "-root", "-silent"], env=environment, check=True, capture_output=True).stdout
        target = output / f"{name}.png"
        crop = ["-crop", box, "+repage", "-strip", "-define", "png:compression-level=9"]
        subprocess.run(["convert", "xwd:-", *crop, str(target)], input=dump, check=True)
        print(f"wrote {target}")  # noqa: T201


if __name__ == "__main__":
    main()
