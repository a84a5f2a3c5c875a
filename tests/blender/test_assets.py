"""Materials in the Asset Browser: the library of all generators, and what the user saves there."""

import pytest

from tests.conftest import MATERIAL, random_artifact
from texnet_core import write_artifact

# What scripts share: the file as it is for the user, and assets as Blender reads them from a file.
TOOLS = """
        from pathlib import Path
        api, assets, asset_library = module("api"), module("assets"), module("asset_library")
        put(assets, "SIDE", 128)
        def file_of_user():
            kinds = ("materials", "images", "meshes", "objects", "node_groups", "libraries", "worlds", "texts")
            blocks = {kind: sorted(block.name for block in getattr(bpy.data, kind)) for kind in kinds}
            active = bpy.context.view_layer.objects.active
            selected = sorted(thing.name for thing in bpy.context.selected_objects)
            return [blocks, active.name, selected, bpy.data.filepath, bpy.data.is_dirty]
        def assets_in(file):
            with bpy.data.libraries.load(str(file), assets_only=True, link=True) as (there, wanted):
                wanted.materials = list(there.materials)
            return wanted.materials
        def told(material):
            data = material.asset_data
            return {"name": material.name, "author": data.author, "license": data.license,
                    "description": data.description, "tags": sorted(tag.name for tag in data.tags),
                    "catalog": data.catalog_id, "preview": list(material.preview.image_size)}
        def catalogs_in(folder):
            lines = (Path(folder) / "blender_assets.cats.txt").read_text().splitlines()
            return dict(line.split(":")[:2][::-1] for line in lines if line.count(":") == 2 and line[0] != "#")
        def libraries():
            return {known.name: known.path for known in bpy.context.preferences.filepaths.asset_libraries}
"""


@pytest.fixture(scope="session")
def stone_file(tmp_path_factory):
    """An untrained generator of a whole material, with a card."""
    from dataclasses import replace

    from texnet_core.model.header import Provenance

    path = tmp_path_factory.mktemp("stone") / "old_stone.texnet"
    card = Provenance("Wall 7", "Ada", "CC0-1.0", "https://example.org/wall7", kind="stone")
    write_artifact(path, replace(random_artifact(levels=3, maps=MATERIAL, seed=3), provenance=card, size_m=1.0))
    return path


@pytest.fixture
def with_assets(blender, artifact_file, stone_file):
    """Runs scripts that have TOOLS and a library of the user's with two generators, of which STONE is one."""

    def run(script, **values):
        setting = """
        for name in ("stone", "plain"):
            bpy.ops.texnet.import_generator(filepath=values[name])
        own = module("preferences").library_folder()
        STONE, PLAIN = (str(own / Path(values[name]).name) for name in ("stone", "plain"))
"""
        return blender(TOOLS + setting + script, stone=str(stone_file), plain=str(artifact_file), **values)

    return run


def test_a_library_of_materials_is_written_and_the_users_file_is_as_it_was(with_assets):
    ((before, after, files, material, listed, packed, catalogs),) = with_assets(
        """
        before = file_of_user()
        files = api.build_library([STONE, "moss"])
        after = file_of_user()
        (found,) = assets_in(files[-1])
        facts, maps = told(found), {}
        for image in bpy.data.images:
            if image.library is not None:
                maps[image["texnet"]["map"]] = [list(image.size), image.packed_file.data[:3] == b"\\xff\\xd8\\xff"]
        answer([before, after, [str(file) for file in files], facts, libraries(), maps,
                catalogs_in(asset_library.folder())])
        """
    )
    assert before == after
    assert [path.split("/assets/")[1] for path in files] == ["moss.blend", "own/old_stone.blend"]
    assert material["name"] == "Old Stone"
    assert (material["author"], material["license"]) == ("Ada", "CC0-1.0")
    assert "https://example.org/wall7" in material["description"]
    assert {"stone", "seamless", "own", "CC0-1.0"} <= set(material["tags"])
    assert material["preview"] == [256, 256]
    assert material["catalog"] == catalogs["TexNet/Stone"]
    assert set(catalogs) == {"TexNet", "TexNet/Stone", "TexNet/Moss"}
    assert any(path.rstrip("/").endswith("assets") for name, path in listed.items() if name == "TexNet")
    assert set(packed) == {spec.name for spec in MATERIAL}
    assert all(size == [128, 128] for size, _ in packed.values())
    assert {name for name, (_, is_jpeg) in packed.items() if not is_jpeg} == {"height"}


def test_a_task_of_assets_says_how_far_it_is_and_its_sets_have_names_of_their_own(with_assets):
    ((texts, sets),) = with_assets(
        """
        task, texts = assets.library_task([STONE, "moss"]), set()
        while not task.poll(0.05):
            texts.add(task.text)
        task.close()
        sets = []
        for entry in asset_library.entries():
            if entry.file.is_file():
                assets_in(entry.file)
        sets = [image["texnet"]["set"] for image in bpy.data.images if image.library is not None]
        answer([sorted(texts), sorted(map(sets.count, set(sets)))])
        """
    )
    assert "Waiting" not in texts[1:] and any(text.startswith(("0%", "50%")) for text in texts), texts
    assert sets == [1, len(MATERIAL)]


def test_a_library_of_generators_that_is_not_there_now_takes_no_assets_with_it(with_assets, tmp_path):
    (tmp_path / "file").write_text("no folder")
    ((kept, removed),) = with_assets(
        """
        (file,) = api.build_library([STONE])
        chosen = module("preferences").preferences()
        Path(STONE).write_bytes(b"cannot be read now")
        removed = [asset_library.remove_gone()]
        for place in (os.path.join(values["file"], "generators"), "$TEXNET_NOWHERE/generators"):
            chosen.library = place
            removed.append(asset_library.remove_gone())
        kept = file.is_file()
        chosen.library = ""
        Path(STONE).unlink()
        answer([[kept, file.is_file()], [*removed, asset_library.remove_gone(), file.is_file()]])
        """,
        file=str(tmp_path / "file"),
    )
    assert kept == [True, True] and removed == [0, 0, 0, 1, False]


def test_making_the_library_is_no_undo_step(blender):
    (options,) = blender(
        """
        operators = module("operators.assets")
        answer(sorted(getattr(operators.TEXNET_OT_update_asset_library, "bl_options", ())))
        """
    )
    assert "UNDO" not in options


def test_only_what_has_changed_is_made_again_and_what_has_gone_goes(with_assets):
    ((first, second, third, gone),) = with_assets(
        """
        made = []
        ask = assets._ask_writer
        put(assets, "_ask_writer", lambda message: made.append(Path(message["output"]).name) or ask(message))
        mine = asset_library.folder() / "mine.blend"
        mine.write_bytes(b"the user's")
        steps = []
        def build(names):
            made.clear()
            api.build_library(names)
            steps.append(list(made))
        build([STONE, PLAIN])
        os.utime(STONE)  # another time, the same bytes
        build([STONE, PLAIN])
        Path(STONE).write_bytes(Path(PLAIN).read_bytes())
        build([STONE, PLAIN])
        bpy.ops.texnet.remove_generator(source=STONE)
        api.build_library([PLAIN])
        answer([*steps, [(asset_library.folder() / "own" / "old_stone.blend").exists(), mine.exists()]])
        """
    )
    assert sorted(first) == ["old_stone.blend", "random.blend"]
    assert second == []
    assert third == ["old_stone.blend"]
    assert gone[:2] == [False, True]


def test_the_library_is_registered_once_and_stays_when_the_add_on_goes(with_assets):
    ((first, again, names),) = with_assets(
        """
        bpy.context.preferences.filepaths.asset_libraries.new(name="TexNet", directory="/nowhere/mine")
        files = api.build_library([PLAIN])
        first = libraries()
        name = "bl_ext.user_default.texnet"
        bpy.ops.preferences.addon_disable(module=name)
        kept = [libraries() == first, all(file.is_file() for file in files)]
        bpy.ops.preferences.addon_enable(module=name)
        bpy.ops.texnet.update_asset_library(source=PLAIN)
        answer([kept, libraries() == first, first])
        """
    )
    assert first == [True, True] and again
    assert names["TexNet"].rstrip("/") == "/nowhere/mine"
    assert names["TexNet Materials"].rstrip("/").endswith("assets")


def test_the_library_of_another_version_of_blender_is_pointed_to_this_one(with_assets):
    ((lacking, names, is_dirty),) = with_assets(
        """
        other = bpy.context.preferences.filepaths.asset_libraries.new(
            name="TexNet", directory="/nowhere/blender/4.0/datafiles/texnet/assets")
        lacking = module("asset_library").registered() is None
        bpy.context.preferences.is_dirty = False
        api.build_library([PLAIN])
        answer([lacking, libraries(), bpy.context.preferences.is_dirty])
        """
    )
    assert lacking and is_dirty
    assert [name for name in names if name.startswith("TexNet")] == ["TexNet"]
    assert "/nowhere" not in names["TexNet"]


def test_what_the_user_makes_is_not_in_the_folder_that_goes_with_the_add_on(with_assets):
    ((ours, theirs),) = with_assets(
        """
        preferences = module("preferences")
        goes = str(preferences.user_folder(""))
        theirs = [preferences.library_folder(), module("asset_library").folder(), preferences.data_folder("")]
        answer([goes, [str(place) for place in theirs]])
        """
    )
    assert not any(place.startswith(ours.rstrip("/")) for place in theirs)


def test_generators_of_the_first_version_are_taken_over(with_assets):
    ((names, mine, is_left),) = with_assets(
        """
        preferences = module("preferences")
        former, now = preferences.user_folder("library"), preferences.data_folder("library")
        for folder, name, text in ((former, "old.texnet", "old"), (former, "both.texnet", "old"),
                                   (now, "both.texnet", "new")):
            (folder / name).write_text(text)
        folder = preferences.library_folder()
        names = sorted(file.name for file in folder.iterdir())
        answer([names, (folder / "both.texnet").read_text(), (former / "both.texnet").exists()])
        import shutil
        shutil.rmtree(former)
        """
    )
    assert {"old.texnet", "both.texnet"} <= set(names) and mine == "new" and is_left


def test_a_build_that_is_stopped_leaves_whole_files_and_goes_on_later(with_assets):
    ((stopped, tasks, left, done),) = with_assets(
        """
        task = assets.library_task([STONE, PLAIN])
        session = module("session")
        session.start(task)
        wait_for(lambda: task.poll() or task.steps.done == 1)
        task.poll()
        task.cancel()
        stopped = [task.poll(), task.job.result, task.job.cancelled]
        session.end(task)
        files = sorted(file.relative_to(asset_library.folder()).as_posix() for file in asset_library.folder().rglob("*")
                       if file.is_file())
        whole = [len(assets_in(asset_library.folder() / file)) for file in files if file.endswith(".blend")]
        answer([stopped, len(session.tasks), [files, whole], [len(api.build_library([STONE, PLAIN]))]])
        """
    )
    assert stopped == [True, None, True] and tasks == 0
    assert not [file for file in left[0] if file.startswith(".") or "/." in file]
    assert left[1] and set(left[1]) == {1}
    assert done == [2]


def test_one_generator_that_fails_does_not_stop_the_others(with_assets):
    ((made, notes),) = with_assets(
        """
        ask = assets._ask_writer
        def failing(message):
            return ask(message | ({"maps": []} if "random" in message["output"] else {}))
        put(assets, "_ask_writer", failing)
        with module("session").finished(assets.library_task([STONE, PLAIN])) as result:
            answer([(asset_library.folder() / "own" / "old_stone.blend").is_file(), result["notes"]])
        """
    )
    assert made and len(notes) == 1 and notes[0].startswith("Random is left out")


def test_a_material_that_was_appended_gets_another_seed_and_another_size(with_assets):
    ((before, after, kept),) = with_assets(
        """
        files = api.build_library([STONE])
        with bpy.data.libraries.load(str(files[0]), assets_only=True) as (there, wanted):
            wanted.materials = list(there.materials)
        cube = bpy.context.view_layer.objects.active
        cube.active_material = material = wanted.materials[0]
        shown = module("shown")
        before = shown.request_on(material).record()
        images = len(material.node_tree.nodes)
        bpy.ops.texnet.vary_material(seed=7, width=64, height=64)
        after = shown.request_on(material).record()
        answer([before, after, [cube.active_material == material, len(material.node_tree.nodes) == images]])
        """
    )
    assert before["seed"] == 0 and before["width"] == 128
    assert after["seed"] == 7 and after["width"] == after["height"] == 64
    assert after["source"] == before["source"] and after["covers"] == before["covers"]
    assert kept == [True, True]


def test_a_linked_material_says_so_and_can_be_made_local(with_assets):
    ((error, seed, name),) = with_assets(
        """
        files = api.build_library([PLAIN])
        (linked,) = assets_in(files[0])
        cube = bpy.context.view_layer.objects.active
        cube.active_material = linked
        error = error_of(bpy.ops.texnet.vary_material)
        bpy.ops.texnet.make_material_local()
        local = cube.active_material
        bpy.ops.texnet.vary_material(seed=5)
        answer([error, module("shown").request_on(local).seed, [local.name, local.library is None]])
        """
    )
    assert "local" in error and error.count("\n") == 0
    assert seed == 5 and name == ["Random", True]


def test_a_material_is_saved_as_an_asset_of_the_file(with_assets, tmp_path):
    ((note, facts, catalogs, kept),) = with_assets(
        """
        material = api.material(STONE, size=128)
        result = api.save_asset(material, tags=["mine"], author="Bob")
        note = result
        bpy.ops.wm.save_as_mainfile(filepath=str(Path(values["folder"]) / "scene.blend"))
        answer([note, told(material), catalogs_in(values["folder"]), material.use_fake_user])
        """,
        folder=str(tmp_path),
    )
    assert note is None and kept
    assert facts["author"] == "Bob" and facts["license"] == "CC0-1.0" and {"mine", "stone"} <= set(facts["tags"])
    assert facts["catalog"] == catalogs["TexNet/Stone"] and facts["preview"] == [256, 256]


def test_a_material_is_saved_into_another_library_and_stays_what_it_is(with_assets, tmp_path):
    (tmp_path / "blender_assets.cats.txt").write_text(
        "VERSION 1\n\n11111111-2222-3333-4444-555555555555:TexNet/Stone:mine\n"
    )
    ((state, file, facts, taken, whole, packed),) = with_assets(
        """
        bpy.context.preferences.filepaths.asset_libraries.new(name="Studio", directory=values["folder"])
        material = api.material(STONE, size=128)
        material.name = "Castle"
        before = file_of_user()
        file = api.save_asset(material, "Studio")
        state = [before == file_of_user(), material.asset_data is None]
        taken = error_of(bpy.ops.texnet.save_as_asset, material="Castle", into="Studio")
        bpy.ops.texnet.save_as_asset(material="Castle", into="Studio", replace=True)
        chair = Path(values["folder"]) / "Chair.blend"
        bpy.data.libraries.write(str(chair), {bpy.data.objects["Cube"], material})
        theirs = chair.read_bytes()
        material.name = "Chair"
        whole = error_of(bpy.ops.texnet.save_as_asset, material="Chair", into="Studio", replace=True)
        state.append(chair.read_bytes() == theirs)
        chair.unlink()
        bpy.data.materials.remove(material)
        (found,) = assets_in(file)
        packed = {bool(image.packed_files) for image in bpy.data.images if image.library is not None}
        answer([state, file.name, told(found), taken, whole, list(packed)])
        """,
        folder=str(tmp_path),
    )
    assert state == [True, True, True] and file == "Castle.blend"
    assert "Chair.blend" in whole and "not one material alone" in whole and "\n" not in whole
    assert facts["name"] == "Castle" and facts["preview"] == [256, 256]
    assert facts["catalog"] == "11111111-2222-3333-4444-555555555555"
    assert "already" in taken and "\n" not in taken
    assert packed == [True]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Castle.blend", "blender_assets.cats.txt"]


@pytest.mark.parametrize(
    "call",
    [
        "api.save_asset('moss')",
        "api.save_asset(bpy.data.materials[0], 'nowhere')",
        "api.save_asset(bpy.data.materials[0], tags='one')",
        "api.save_asset(bpy.data.materials[0], replace=2)",
        "api.build_library('moss')",
        "api.build_library(['nosuch'])",
        "api.build_library(again='yes')",
    ],
)
def test_wrong_arguments_are_one_clear_line(with_assets, call):
    (text,) = with_assets(
        f"""
        from texnet_core.errors import TexnetError
        try:
            {call}
        except TexnetError as error:
            answer(str(error))
        """
    )
    assert text and "\n" not in text


def test_the_gallery_has_parts_favorites_and_what_was_used_lately(with_assets):
    ((kinds, stone, favorites, recent, own, chosen, saved),) = with_assets(
        """
        settings = bpy.context.scene.texnet
        gallery = module("gallery")
        def names(part):
            settings.gallery_part = part
            return [Path(item[0]).stem for item in module("properties")._shown_items(settings, None)]
        kinds = [name for name, *_ in gallery.parts()]
        settings.source_name = STONE
        stone = names("Stone")
        settings.source_name = "moss"
        for name in ("gold", "bark", "gold", "linen"):
            bpy.ops.texnet.toggle_favorite(source=name)
        favorites = names("FAVORITES")
        for source in (PLAIN, "moss", PLAIN):
            bpy.ops.texnet.generate(source=source, width=64, height=64, destination="IMAGE")
        recent, own = names("RECENT"), names("OWN")
        settings.gallery_part = "ALL"
        settings.source = "bark"
        saved = "gallery" in str(dict(bpy.context.scene.get("texnet", {}))) if bpy.app.version < (5, 0, 0) else False
        answer([kinds, stone, favorites, recent, own, settings.source_name, saved])
        """
    )
    assert kinds[:4] == ["ALL", "FAVORITES", "RECENT", "OWN"] and {"Stone", "Wood", "Metal", "Other"} <= set(kinds)
    assert {"old_stone", "rock", "dark-rock"} <= set(stone) and "gold" not in stone
    assert favorites == ["moss", "bark", "linen"]  # what is chosen is always shown
    assert recent == ["random", "moss"]
    assert own == ["moss", "old_stone", "random"]
    assert chosen == "bark" and not saved


def test_a_gallery_file_of_anybodys_does_no_harm(with_assets):
    (found,) = with_assets(
        """
        favorites = module("favorites")
        file = module("preferences").data_folder("") / "gallery.json"
        found = []
        for text in ("", "[]", '{"favorites": 7, "recent": [1, "moss", "moss"]}', "[" * 100000, "\\\\x00"):
            file.write_text(text)
            os.utime(file, (len(found) + 1, len(found) + 1))
            found.append([favorites.favorites(), favorites.recent()])
        answer(found)
        """
    )
    assert found[2] == [[], ["moss"]] and all(lists == [[], []] for number, lists in enumerate(found) if number != 2)
