"""Names and places as people type them in Blender and in scripts."""

import pytest


def test_home_and_variables_are_no_folders(blender, artifact_file, tmp_path):
    (state,) = blender(
        """
        import pathlib, shutil, unittest.mock
        from texnet_core.errors import TexnetError
        api, home, here = module("api"), values["home"], os.getcwd()
        with unittest.mock.patch.dict(os.environ, {"HOME": home, "USERPROFILE": home, "TEXNET_PLACE": "deep"}):
            os.chdir(home)
            shutil.copyfile(values["source"], os.path.join(home, "own.texnet"))
            files = api.save("~/own.texnet", "~/out", size="64X32")
            files += api.save("$HOME/own.texnet", "${HOME}/$TEXNET_PLACE", size="64x32")
            bpy.ops.texnet.batch(source="~/own.texnet", goal="FOLDER", folder="~/batch", width=64, height=64)
            bpy.ops.texnet.import_generator(filepath="~/own.texnet")
            try:
                api.save("moss", "$TEXNET_NO_SUCH/out", size=64)
            except TexnetError as error:
                refused = str(error)
            os.chdir(here)
        made = sorted(path.relative_to(home).as_posix() for path in pathlib.Path(home).rglob("*.png"))
        answer({"made": made, "files": [str(file) for file in files], "left": sorted(os.listdir(home)),
                "refused": refused})
        """,
        source=str(artifact_file),
        home=str(tmp_path),
    )
    assert state["made"] == ["batch/own_0_albedo.png", "deep/own_0_albedo.png", "out/own_0_albedo.png"]
    assert state["files"] == [str(tmp_path / name) for name in ("out/own_0_albedo.png", "deep/own_0_albedo.png")]
    assert state["left"] == ["batch", "deep", "out", "own.texnet"]
    assert state["refused"].startswith("the variable $TEXNET_NO_SUCH in")


@pytest.mark.parametrize(
    ("typed", "file"),
    [
        ("wall.texnet", "wall.texnet"),
        ("Wall.TEXNET", "Wall.texnet"),
        ("CON", "CON_.texnet"),
        ("aux.png", "aux_.png.texnet"),
        ("a:b?", "a-b.texnet"),
        ("wall. .", "wall.texnet"),
        ("x" * 300, "too long"),
        (".texnet", "cannot be the name of a file"),
    ],
)
def test_a_name_that_is_typed_is_a_file_on_every_system(blender, typed, file):
    (state,) = blender(
        """
        from texnet_core.errors import TexnetError
        try:
            answer(module("library").new_file(values["typed"]).name)
        except TexnetError as error:
            answer(str(error))
        """,
        typed=typed,
    )
    assert state == file or (file in state and "; " in state)


def test_a_generator_with_a_long_or_reserved_name_is_imported_and_used(blender, artifact_file, tmp_path):
    (state,) = blender(
        """
        import shutil
        state = []
        for name in ("nul", "x" * 240):
            source = os.path.join(values["folder"], name + ".texnet")
            shutil.copyfile(values["source"], source)
            state.append([error_of(bpy.ops.texnet.import_generator, filepath=source),
                          len(module("api").save(source, values["folder"], size=64)[0].name)])
        answer([state, sorted(os.path.basename(source) for source in module("api").sources() if source.endswith("t"))])
        """,
        source=str(artifact_file),
        folder=str(tmp_path),
    )
    (nul, long), sources = state
    assert nul[0] is None and "too long" in long[0] and "nul_.texnet" in sources
    assert nul[1] == len("nul__0_albedo.png") and long[1] == 150 + len("_0_albedo.png")


def test_names_that_are_too_long_are_one_line(blender):
    (state,) = blender(
        """
        long = "x" * 300
        image = bpy.data.images.new("long", 64, 64)
        image.source, image.filepath = "FILE", "/" + long + ".png"
        from texnet_core.errors import TexnetError
        state = [error_of(bpy.ops.texnet.import_generator, filepath="/" + long + ".texnet"),
                 error_of(bpy.ops.texnet.batch, source=long, goal="FOLDER", folder="/tmp")]
        for call in (lambda: module("exemplar").check_image(image), lambda: module("api").texture(long + ".texnet"),
                     lambda: module("library").new_file(long)):
            try:
                call()
                state.append("")
            except TexnetError as error:
                state.append(str(error))
        answer(state)
        """
    )
    assert all("; " in message and "\n" not in message and "Traceback" not in message for message in state), state
