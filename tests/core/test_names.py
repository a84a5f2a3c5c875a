"""Names and places as people write them, on whatever system."""

import os
from pathlib import Path

import pytest

from texnet_core.errors import RequestError
from texnet_core.names import check_name, check_new_names, no_device, trouble_with
from texnet_core.paths import expanded, user_path
from texnet_core.synthesis.sizes import parse_grid, parse_size

BAD = [
    *("CON", "aux.png", "nul.1001.png", "Com1", "lpt9.texnet", "COM\u00b2.png", "con .png", "a.", "a ", "a:b", 'a"b'),
    *("a|b", "a?b", "a*b", "a<b>", "a\\b", "a\tb", "x" * 256, "\u00e9" * 128),
]
GOOD = ["console.png", "wall.png", "com.png", "com10", "aux-1.png", ".hidden", "x" * 255, "moss carpet.png", "nul_.png"]


@pytest.mark.parametrize("name", BAD)
def test_names_that_some_system_does_not_take_are_refused_in_one_line(name):
    assert trouble_with(name)
    with pytest.raises(RequestError) as caught:
        check_name(name)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 200


@pytest.mark.parametrize("name", GOOD)
def test_names_that_every_system_takes_pass(name):
    assert trouble_with(name) == "" and no_device(name) == name
    check_name(name)


@pytest.mark.parametrize("name", [name for name in BAD if "device" in trouble_with(name)])
def test_a_device_becomes_a_name(name):
    assert trouble_with(no_device(name)) == "" and no_device(name).replace("_", "", 1).startswith(name[:3])


def test_folders_that_are_there_may_be_called_as_they_like(tmp_path):
    (tmp_path / "a:b").mkdir()
    check_new_names(tmp_path / "a:b" / "out" / "x.png")
    for wrong in ("c:d/x.png", "a:b/nul/x.png", "a:b/out/nul"):
        with pytest.raises(RequestError):
            check_new_names(tmp_path / wrong)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("TEXNET_X", "value")
    return tmp_path


def test_home_and_variables_are_put_in(home):
    for text, path in {
        "~": home,
        "~/a/b.png": home / "a/b.png",
        "$HOME/a.png": home / "a.png",
        "${HOME}/a.png": home / "a.png",
        "a/$TEXNET_X-${TEXNET_X}.png": Path("a/value-value.png"),
        "a/$$TEXNET_X.png": Path("a/$TEXNET_X.png"),
    }.items():
        assert user_path(text) == path


@pytest.mark.parametrize("text", ["~wall.png", "a~b/~", "100$.png", "$5.png", "//server/c$/x", "a$$", "~{seed}.png"])
def test_what_only_looks_like_a_variable_stays(text, home):
    assert expanded(text, quoted=lambda text: text + "!") == text


def test_a_file_that_is_called_like_a_variable_is_that_file(home, monkeypatch):
    monkeypatch.chdir(home)
    (home / "$TEXNET_X").write_text("")
    assert user_path("$TEXNET_X") == Path("$TEXNET_X")


@pytest.mark.parametrize("text", ["$TEXNET_NOT_SET/a", "${TEXNET_NOT_SET}", "~nobody-at-all/a"])
def test_what_means_nothing_is_one_line(text):
    with pytest.raises(RequestError) as caught:
        user_path(text)
    assert text in str(caught.value)


@pytest.mark.skipif(os.name != "nt", reason="needs Windows")
def test_windows_has_its_own_variables(home):
    assert user_path("%USERPROFILE%\\a.png") == home / "a.png"
    assert user_path("100%.png") == Path("100%.png")


@pytest.mark.parametrize("text", ["64x32", "64X32", "64\u00d732", "64 x 32", " 64x32 "])
def test_a_size_has_any_sign_for_times(text):
    assert parse_size(text) == (64, 32) == parse_grid(text)


def test_what_is_no_size_is_none():
    assert parse_size("64") == (64, 64) and parse_grid("64") is None and parse_grid("0x2") is None
    assert all(parse_size(text) is None for text in ("", "x", "64x", "x64", "64x32x1", "6.4", "9" * 10))
