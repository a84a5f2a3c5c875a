"""Materials in the Asset Browser: the library of all generators, and single materials that the user saves.

Textures and spheres come from the worker, files from a Blender of its own without a window (`asset_writer`). So the
user's file is not touched, and Blender stays live.
"""

import sys
import tempfile
from collections.abc import Generator, Iterable, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bpy

from texnet_core.errors import RequestError, TexnetError
from texnet_core.synthesis.extent import usual_covers

from . import asset_facts, asset_library, asset_marks, catalogs, library, session, shown, spheres, worker_client
from .asset_facts import Facts
from .blocks import by_uid
from .request import TextureRequest, file_name, shortened
from .steps import Steps, StepsJob, waited
from .worker_process import Message, WorkerError

SIDE = 1024  # texels of the textures in the library
CATALOG = "texnet_catalog"  # custom property of a material of the file: its catalog, for when the file has a folder

_SAVED = "saved"  # folder of the user's materials in the library of TexNet's
_Waiting = Generator[worker_client.PendingJob, None, Any]


class AssetTask(session.MakingTask):
    """Steps of workers that end with assets."""

    def __init__(self, title: str, total: int) -> None:
        self.note = ""
        self._on_backend = False
        self.steps = StepsJob(total)
        job: Any = self.steps
        session.Task.__init__(self, title, job)


def library_task(sources: Sequence[str] = (), *, again: bool = False) -> AssetTask:
    """The task that brings the library up to date. Its result: how many files were `made` and `removed`, and `notes`.

    Args:
        sources: names of generators; () for all.
        again: also those that are up to date.

    Raises:
        RequestError: there is no generator of that name.
        OSError: the library's folder cannot be made.
    """
    every = asset_library.entries()
    unknown = [name for name in sources if name not in {entry.source.name for entry in every}]
    if unknown:
        raise RequestError(
            f"{unknown[0]!r} is neither a preset nor a generator of your library",
            expected="names as api.sources() gives them",
            remedy="import the file into your library first",
        )
    wanted = every if again else asset_library.outdated()
    wanted = [entry for entry in wanted if not sources or entry.source.name in sources]
    task = AssetTask("Asset Library", len(wanted))
    task.steps.begin(_update(task.steps, wanted))
    return task


def _update(job: StepsJob, wanted: Sequence[asset_library.Entry]) -> Steps:
    kinds = {entry.name: catalogs.catalog_of(_kind_of(entry)) for entry in wanted}
    ids = catalogs.add_catalogs(asset_library.folder(), kinds.values()) if wanted else {}
    removed, left = asset_library.remove_gone(), []
    if not wanted:
        asset_library.register_library()
    try:
        for entry in wanted:
            try:
                yield from _make(entry, ids[kinds[entry.name]])
                asset_library.remember(entry)
                asset_library.register_library()
            except (WorkerError, RequestError) as error:
                left.append((entry.source.title, error))
            job.done += 1
    finally:
        worker_client.dismiss_asset_writer()
    if left and len(left) == len(wanted):
        raise left[0][1]
    notes = [f"{title} is left out, since {error}" for title, error in left]
    return {"made": len(wanted) - len(left), "removed": removed, "notes": notes}


def _make(entry: asset_library.Entry, catalog_id: str) -> _Waiting:
    """The file of one generator."""
    card = library.card_of(entry.source)
    assert card is not None
    request = TextureRequest(source=entry.source.name, width=SIDE, height=SIDE)
    request = replace(request, covers=usual_covers(card) * SIDE / TextureRequest.width)
    picture = spheres.kept(entry.source.file)
    if picture is None:
        with closing(worker_client.bundled().submit(spheres.job_for(request, card))) as drawing:
            drawn = yield from waited(drawing)
            picture = spheres.keep(entry.source.file, Path(drawn["file"]))
    with closing(worker_client.bundled().submit(request.job() | {"engine": "onnx"})) as making:
        made = yield from waited(making)
        facts = asset_facts.facts_of(card, catalog_id, is_own=not entry.source.is_preset)
        message = {
            "job": "make",
            "output": str(entry.file),
            "request": request.record(),
            "maps": made["maps"],
            "picture": str(picture),
            "facts": facts.record(),
        }
        with closing(_ask_writer(message)) as writing:
            yield from waited(writing)


def _kind_of(entry: asset_library.Entry) -> str:
    return asset_facts.kind_of(library.card_of(entry.source))


def _ask_writer(message: Message) -> worker_client.PendingJob:
    """Ask the Blender without a window for a file."""
    program = bpy.app.binary_path  # "" where Blender is a module of this Python
    options = ["--background", "--factory-startup", "--python-expr"] if program else ["-P", "-c"]
    return worker_client.asset_writer(program or sys.executable, options).submit(message)


class TakenError(RequestError):
    """An asset library has an asset of that name."""


@dataclass(frozen=True)
class Saving:
    """What is to be saved as an asset, and where.

    Attributes:
        material_uid: of the material.
        output: the .blend file that it goes to, or None for the file that is open.
        catalog_folder: where the catalogs of that place are, or None where there is no folder yet.
        catalog: path of its catalog.
        facts: what is said of it; `catalog_id` follows from the catalog.
    """

    material_uid: int
    output: Path | None
    catalog_folder: Path | None
    catalog: str
    facts: Facts


def saving_of(
    material: Any,
    into: str = "",
    *,
    told: Facts | None = None,
    kind: str = "",
    replace_file: bool = False,
) -> Saving:
    """What is to be done to save a material as an asset.

    Args:
        material: of the file.
        into: name of an asset library, or path of its folder; "" for the file that is open.
        told: what the user says of it; the rest is the generator's.
        kind: of surface, which names the catalog; "" for the generator's.
        replace_file: an asset of that name in the library is replaced.

    Raises:
        RequestError: it is linked, or painted and not saved; there is no such library; or it has that asset, or a file
            of that name that holds more.
    """
    _check(material, elsewhere=bool(into))
    request = shown.request_on(material)
    card = library.card_named(request.source) if request is not None else None
    known = asset_facts.facts_of(card, "", has_look_maps=request is not None and request.material)
    told = told or Facts()
    facts = Facts(
        author=told.author or known.author,
        license=told.license or known.license,
        description=told.description or known.description,
        tags=tuple(dict.fromkeys((*known.tags, *told.tags) if request is not None else told.tags)),
    )
    catalog = catalogs.catalog_of(kind.strip() or asset_facts.kind_of(card))
    if not into:
        return Saving(material.session_uid, None, asset_library.folder_of_file(), catalog, facts)
    root = asset_library.folder_named(into)
    place = root / _SAVED if asset_library.is_ours(root) else root
    output = place / f"{shortened(file_name(material.name)) or 'Material'}.blend"
    if output.exists() and not replace_file:
        raise TakenError(
            f"{output.name} is in that asset library already",
            expected="a name that is free there",
            remedy="rename the material, or replace the asset",
        )
    if output.exists():
        _check_replaceable(output)
    return Saving(material.session_uid, output, root, catalog, facts)


def _check_replaceable(file: Path) -> None:
    """Raise RequestError where a file is not one material alone: that is the user's work and no asset of ours."""
    libraries: Any = bpy.data.libraries
    try:
        with libraries.load(str(file)) as (there, _):
            other = [*there.objects, *there.collections, *there.scenes, *there.worlds, *there.meshes]
            is_one_asset = len(there.materials) == 1 and not other
    except OSError:
        is_one_asset = False
    if not is_one_asset:
        raise RequestError(
            f"{file.name} in that asset library is not one material alone, and would be replaced as a whole",
            expected="a name that is free there",
            remedy="rename the material",
        )


def saving_task(saving: Saving) -> AssetTask:
    """The task that saves; its result has `notes` and the `file`, "" for the one that is open."""
    task = AssetTask("Save as Asset", 1)
    task.steps.begin(_save(saving))
    return task


def _save(saving: Saving) -> Steps:
    request = shown.request_on(_material(saving))
    card = library.card_named(request.source) if request is not None else None
    with ExitStack() as stack:
        picture: Path | None = None
        if request is not None and card is not None:
            with suppress(WorkerError, TexnetError):  # its generator may have gone: Blender draws the preview then
                drawing = stack.enter_context(closing(worker_client.bundled().submit(spheres.job_for(request, card))))
                picture = Path((yield from waited(drawing))["file"])
        if saving.output is None:
            return _mark(saving, picture)
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="texnet-", ignore_cleanup_errors=True))
        stack.callback(worker_client.dismiss_asset_writer)
        writing = stack.enter_context(closing(_ask_writer(_adoption(saving, Path(folder), picture))))
        written = yield from waited(writing)
        return {"file": str(saving.output), "notes": written["notes"]}


def _mark(saving: Saving, picture: Path | None) -> Message:
    """Make an asset in the file that is open."""
    material = _material(saving)
    _check(material, elsewhere=False)
    catalog_id, notes = catalogs.id_of(saving.catalog), []
    if saving.catalog_folder is not None:
        catalog_id = catalogs.add_catalogs(saving.catalog_folder, [saving.catalog])[saving.catalog]
    else:
        notes = ["the catalog appears once the .blend file is saved"]
    facts = replace(saving.facts, catalog_id=catalog_id)
    asset_marks.mark(material, facts, spheres.pixels_of(picture) if picture is not None else None)
    material[CATALOG] = saving.catalog
    if picture is None:
        material.asset_generate_preview()
    return {"file": "", "notes": notes}


def _adoption(saving: Saving, folder: Path, picture: Path | None) -> Message:
    """The request for a file in another asset library, from one that the open file is written to in part."""
    material = _material(saving)
    _check(material, elsewhere=True)
    assert saving.catalog_folder is not None
    ids = catalogs.add_catalogs(saving.catalog_folder, [saving.catalog])
    part = folder / "part.blend"
    libraries: Any = bpy.data.libraries
    libraries.write(str(part), {material}, path_remap="ABSOLUTE")
    return {
        "job": "adopt",
        "output": str(saving.output),
        "blend": str(part),
        "material": material.name,
        "picture": str(picture or ""),
        "facts": replace(saving.facts, catalog_id=ids[saving.catalog]).record(),
    }


def _material(saving: Saving) -> Any:
    material = by_uid(bpy.data.materials, saving.material_uid)
    if material is None:
        raise RequestError("the material has gone", expected="it", remedy="choose another")
    return material


def _check(material: Any, *, elsewhere: bool) -> None:
    """Raise RequestError where a material cannot be saved as an asset as it is."""
    if not material.is_editable:
        raise RequestError(
            f"{material.name} is linked from another file", expected="a material of this file", remedy="make it local"
        )
    tree = material.node_tree
    painted = [node.image for node in (tree.nodes if tree is not None else ()) if node.type == "TEX_IMAGE"]
    unsaved = next((image.name for image in painted if image is not None and image.is_dirty), None)
    if elsewhere and unsaved:
        raise RequestError(
            f"the image {unsaved} was changed and not saved", expected="images as they are kept", remedy="save it first"
        )


def add_catalogs_of_file(materials: Iterable[Any]) -> None:
    """Give the folder of the open file the catalogs of materials that became assets before it had one.

    Raises:
        OutputError: the catalogs cannot be written.
    """
    folder = asset_library.folder_of_file()
    named = {material.get(CATALOG) for material in materials if material.asset_data is not None}
    wanted = sorted(name for name in named if isinstance(name, str) and name.startswith(catalogs.ROOT))
    if folder is not None and wanted:
        catalogs.add_catalogs(folder, wanted)


@bpy.app.handlers.persistent  # type: ignore[untyped-decorator]
def _after_saving(*_: Any) -> None:
    with suppress(TexnetError, OSError, ValueError):  # saving has gone well: nothing may be said against it
        add_catalogs_of_file(bpy.data.materials)


def register() -> None:
    bpy.app.handlers.save_post.append(_after_saving)


def unregister() -> None:
    bpy.app.handlers.save_post.remove(_after_saving)
