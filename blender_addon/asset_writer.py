"""Writes assets as .blend files, in a Blender of its own without a window: the user's file is never touched.

It speaks as the worker does: JSON, one object a line, requests on stdin and answers on stdout; the end of stdin ends
it. Each request has an "id", a "job" and these fields:

    {"job": "make", "output": "/x/moss.blend", "request": {...}, "maps": [{"name", "files", "colour_space", "depth"}],
     "picture": "/tmp/x/sphere.npy", "facts": {...}}      a material of a texture that the worker has made
    {"job": "adopt", "output": "/x/Wall.blend", "blend": "/tmp/x/wall.blend", "material": "Wall",
     "picture": "" or a file, "facts": {...}}             a material that the user's file was written with

A file appears whole or not at all. Its images are packed.
"""

import json
import os
import shutil
import sys
import traceback
import uuid
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from texnet_core.atomic import make_folder, replacing
from texnet_core.errors import one_line

from . import creation, images
from .asset_facts import Facts
from .asset_marks import mark
from .request import TextureRequest

_QUALITY = 90  # of JPEG, for maps of 8 bits
_FROM_FILES = ("FILE", "TILED", "SEQUENCE")  # sources of images that can be packed


def main() -> None:
    """Serve stdin and stdout; what Blender prints goes to stderr."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def say(**message: Any) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    say(event="ready", pid=os.getpid())
    for line in sys.stdin:
        request = json.loads(line)
        if "job" not in request:
            continue  # a cancel: what is being written ends by itself
        say(id=request["id"], event="progress", stage="writing", done=0, total=1)
        try:
            notes = _JOBS[request["job"]](request)
            say(id=request["id"], event="result", output=request["output"], notes=notes)
        except Exception as error:  # nothing that goes wrong with one ends the others
            message = str(error) or type(error).__name__
            say(id=request["id"], event="error", message=one_line(message), details=traceback.format_exc())
    if not bpy.app.binary_path:
        shutil.rmtree(bpy.app.tempdir, ignore_errors=True)
        os._exit(0)  # bpy 4.2 as a module crashes while it ends


def make(job: dict[str, Any]) -> list[str]:
    """The material of a texture, as `New Material` makes it, with smaller files."""
    _empty()
    request = TextureRequest.from_record(job["request"])
    made: dict[str, Any] = {}
    set_name = uuid.uuid4().hex  # a preset and a generator of the user's may have one name
    for item in job["maps"]:
        file = Path(item["files"][0])
        image = images.image_from_files(
            [_smaller(file) if item["depth"] == 8 else file],
            f"{request.stem}_{item['name']}_{request.seed}",
            is_data=item["colour_space"] == "data",
            keep_beside=False,
        )
        images.set_record(image, request, item["name"], set_name, leads=not made)
        image[images.PROPERTY]["bytes"] = ""  # it counts as changed: nothing takes it for the texture itself
        image.use_fake_user = False
        made[item["name"]] = image
    material = creation.new_material(request.title)
    creation.apply(material, made, request, None, 0.0)
    _write(material, job)
    return []


def adopt(job: dict[str, Any]) -> list[str]:
    """A material of the user's, with all that it needs."""
    _empty()
    libraries: Any = bpy.data.libraries
    with libraries.load(job["blend"]) as (_, wanted):
        wanted.materials = [job["material"]]
    (material,) = wanted.materials
    notes = []
    for image in bpy.data.images:
        if image.library is None and image.source in _FROM_FILES and not image.packed_files:
            try:
                image.pack()
            except RuntimeError:
                notes.append(f"the file of the image {image.name} is missing")
    _write(material, job)
    return notes


_JOBS = {"make": make, "adopt": adopt}


def _empty() -> None:
    """A file without anything, so that names are free."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


def _smaller(file: Path) -> Path:
    """A picture as JPEG, beside the file."""
    image: Any = bpy.data.images.load(str(file))
    try:
        smaller = file.with_suffix(".jpg")
        image.update()  # else the file is copied as it is
        image.file_format = "JPEG"
        image.save(filepath=str(smaller), quality=_QUALITY)
        return smaller
    finally:
        bpy.data.images.remove(image)


def _write(material: Any, job: dict[str, Any]) -> None:
    picture = np.load(job["picture"], allow_pickle=False) if job["picture"] else None
    mark(material, Facts.from_record(job["facts"]), picture)
    output = Path(job["output"])
    make_folder(output.parent)
    libraries: Any = bpy.data.libraries
    with replacing(output) as temporary:
        libraries.write(str(temporary), {material}, fake_user=True, compress=True)
