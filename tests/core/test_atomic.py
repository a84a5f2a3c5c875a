"""Files that appear whole or not at all, and the folders that are made for them."""

import pytest

from texnet_core.atomic import prepared
from texnet_core.errors import OutputError


def test_folders_are_made_and_stay_where_something_was_written(tmp_path):
    with prepared(tmp_path / "a/b/x", tmp_path / "a/c/y", tmp_path / "z"):
        (tmp_path / "a/b/x").write_text("")
    assert (tmp_path / "a/c").is_dir() and (tmp_path / "a/b/x").is_file()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_work_that_fails_leaves_no_new_folder_but_those_with_files(tmp_path, error):
    (tmp_path / "old").mkdir()
    with pytest.raises(error), prepared(tmp_path / "a/b/x", tmp_path / "a/c/y", tmp_path / "old/d/z"):
        (tmp_path / "a/c/checkpoint").write_text("")
        raise error
    found = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))
    assert found == ["a", "a/c", "a/c/checkpoint", "old"]


@pytest.mark.parametrize("wrong", ["file/x", "file/b/x", "new/" + "n" * 300, "new/" + "n" * 300 + "/x", "new/a\0b"])
def test_a_place_that_cannot_be_is_one_error_and_leaves_nothing(tmp_path, wrong):
    (tmp_path / "file").write_text("")
    with pytest.raises((OutputError, ValueError)), prepared(tmp_path / "also/new/x", tmp_path / wrong):
        raise AssertionError("it cannot be prepared")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
