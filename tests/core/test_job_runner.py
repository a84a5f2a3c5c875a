"""Lists of textures: every combination, failures apart, reruns that go on."""

import hashlib
import json
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import MATERIAL, random_artifact, texture
from texnet_core import Cancelled, RequestError, read_artifact, write_artifact
from texnet_core.errors import OutputError
from texnet_core.lists import workshop
from texnet_core.lists.job_runner import run_jobs
from texnet_core.lists.jobs import read_jobs
from texnet_core.model.real_size import size_note
from texnet_core.pictures.color import quantize

LIST = """
[settings]
engine = "onnx"
threads = 2
[[jobs]]
source = ["random.texnet", "missing"]
size = [64, "96x32"]
seed = [1, 2]
output = "out/{source}_{width}x{height}_{seed:03}.png"
"""


@pytest.fixture
def folder(tmp_path, artifact_file):
    (tmp_path / "random.texnet").write_bytes(artifact_file.read_bytes())
    (tmp_path / "jobs.toml").write_text(LIST)
    return tmp_path


def run(folder, **options):
    return run_jobs(read_jobs(folder / "jobs.toml"), folder / "record", **options)


def statuses(results):
    return [result.status for result in results]


def test_every_combination_is_made_and_failures_stay_apart(folder, artifact_file):
    results = run(folder)
    assert statuses(results) == ["made"] * 4 + ["failed"] * 4
    assert all("no preset is called 'missing'" in result.error for result in results[4:])
    assert sorted(path.name for path in (folder / "out").iterdir()) == [
        "random_64x64_001.png",
        "random_64x64_002.png",
        "random_96x32_001.png",
        "random_96x32_002.png",
    ]
    expected = texture(read_artifact(artifact_file), 96, 32, 2)
    with Image.open(folder / "out" / "random_96x32_002.png") as image:
        assert np.array_equal(np.asarray(image), quantize(expected, 8))


def test_a_rerun_makes_only_what_is_missing_or_changed(folder, artifact_file):
    run(folder)
    assert statuses(run(folder)) == ["skipped"] * 4 + ["failed"] * 4
    (folder / "out" / "random_64x64_001.png").unlink()
    (folder / "out" / "random_64x64_002.png").write_bytes(b"changed")
    assert statuses(run(folder)) == ["made", "made", "skipped", "skipped"] + ["failed"] * 4
    (folder / "jobs.toml").write_text(LIST.replace("[[jobs]]", "[[jobs]]\nscale = 2.0"))
    assert statuses(run(folder))[:4] == ["made"] * 4
    (folder / "jobs.toml").write_text(
        LIST.replace("threads = 2", "threads = 1").replace("[[jobs]]", "[[jobs]]\nscale = 2")
    )
    assert statuses(run(folder))[:4] == ["skipped"] * 4


def test_another_generator_of_the_same_name_is_another_source(folder):
    run(folder)
    write_artifact(folder / "random.texnet", random_artifact(seed=5))
    assert statuses(run(folder))[:4] == ["made"] * 4


def test_a_record_that_was_cut_short_counts_for_what_it_says(folder):
    run(folder)
    record = folder / "record"
    lines = record.read_text().splitlines()
    record.write_text("\n".join([lines[0], "[]", "5", lines[1][:40]]))
    assert sorted(statuses(run(folder))[:4]) == ["made"] * 3 + ["skipped"]


def test_each_generator_is_opened_once(folder, monkeypatch):
    opened = []
    real = workshop.open_engine
    monkeypatch.setattr(workshop, "open_engine", lambda *given: opened.append(given) or real(*given))
    run(folder)
    assert len(opened) == 1


def test_what_cancels_stops_and_a_rerun_goes_on(folder):
    calls = []

    def cancel(progress):
        calls.append(progress)
        if len([1 for p in calls if p.done > 0]) > 5:
            raise Cancelled

    with pytest.raises(Cancelled):
        run(folder, progress=cancel)
    made = list((folder / "out").iterdir())
    assert len(made) < 4 and all(path.suffix == ".png" and not path.name.startswith(".") for path in made)
    again = statuses(run(folder))[:4]
    assert set(again) <= {"made", "skipped"} and again.count("skipped") <= len(made)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("texnet")]


def test_progress_adds_up(folder):
    reports = []
    run(folder, progress=reports.append)
    assert reports[0].done == 0 and reports[-1].done == pytest.approx(reports[-1].total)
    assert [r.done for r in reports] == sorted(r.done for r in reports)


def test_an_unforeseen_error_fails_its_job_alone(folder, monkeypatch):
    real = workshop.write_window

    def broken(plane, output, *rest, **options):
        if "96x32_001" in str(output):
            raise ZeroDivisionError("what a surprise\nindeed")
        return real(plane, output, *rest, **options)

    monkeypatch.setattr(workshop, "write_window", broken)
    results = run(folder)
    assert statuses(results)[:4] == ["made", "made", "failed", "made"]
    assert results[2].error == "ZeroDivisionError: what a surprise indeed"


def test_an_output_that_cannot_be_written_fails_its_job(folder):
    (folder / "jobs.toml").write_text(LIST.replace('"out/', '"random.texnet/'))
    results = run(folder)
    assert statuses(results) == ["failed"] * 8 and "cannot be written" in results[0].error


HOSTILE = {
    "no file": (None, "cannot be read"),
    "no text": (b"\xff\xfe\x00", "begins as UTF-16 and does not go on so"),
    "no UTF-8": ('[[jobs]]\nsource="moss"\noutput="\u00e9.png"'.encode("latin-1"), "Latin-1 or the like (line 3)"),
    "backslash": (b'[[jobs]]\nsource="C:\\Users\\x.texnet"\n', "backslash in line 2"),
    "backslash that makes a tab": (
        b'[[jobs]]\nsource="moss"\noutput="C:\\textures\\new.png"',
        "write it with /",
    ),
    "variable": (b'[[jobs]]\nsource="moss"\noutput="${NO_SUCH_PLACE}/a.png"', "the variable ${NO_SUCH_PLACE} in"),
    "home of nobody": (b'[[jobs]]\nsource="moss"\noutput="~nobody-here/a.png"', "home folder of nobody"),
    "device": (b'[[jobs]]\nsource="moss"\noutput="out/aux.png"', "'aux.png' is the name of a device"),
    "device as a folder": (b'[[jobs]]\nsource="moss"\noutput="con/a.png"', "'con' is the name of a device"),
    "colon": (b'[[jobs]]\nsource="moss"\noutput="a:b.png"', "'a:b.png' has ':'"),
    "long name": (b'[[jobs]]\nsource="moss"\noutput="' + b"x" * 300 + b'.png"', "more than 255 bytes"),
    "no toml": (b"[[jobs", "is not TOML"),
    "nothing": (b"", "has no [[jobs]]"),
    "no jobs": (b"jobs = []", "has no [[jobs]]"),
    "jobs as text": (b"jobs = 'x'", "has no [[jobs]]"),
    "job as number": (b"jobs = [5]", "no table"),
    "unknown section": (b"[other]\n", "'other'"),
    "unknown setting": (b"[settings]\nspeed = 1\n[[jobs]]\nsource='a'\noutput='o.png'", "'speed'"),
    "wrong setting": (b"[settings]\nengine = 'fast'\n[[jobs]]\nsource='a'\noutput='o.png'", "one of auto"),
    "unknown key": (b"[[jobs]]\nsource='a'\noutput='o.png'\nsped = 1", "jobs[1] has an unknown key 'sped'"),
    "no source": (b"[[jobs]]\noutput='o.png'", "jobs[1] has no source"),
    "has no output": (b"[[jobs]]\nsource='a'", "has no output"),
    "source as number": (b"[[jobs]]\nsource=5\noutput='o.png'", "source 5"),
    "output as list": (b"[[jobs]]\nsource='a'\noutput=['o.png']", "text"),
    "no exemplar": (
        b"[[jobs]]\nsource='collage'\nexemplar=''\noutput='o.png'",
        "exemplar is empty in jobs[1]",
    ),
    "empty list": (b"[[jobs]]\nsource='a'\nseed=[]\noutput='o.png'", "empty list of seed"),
    "size negative": (b"[[jobs]]\nsource='a'\nsize=-5\noutput='o.png'", "16 to 65536"),
    "size huge": (b"[[jobs]]\nsource='a'\nsize='99999999x1'\noutput='o.png'", "16 to 65536"),
    "size as float": (b"[[jobs]]\nsource='a'\nsize=1.5\noutput='o.png'", "1.5 is not a size"),
    "size as table": (b"[[jobs]]\nsource='a'\nsize={}\noutput='o.png'", "{} is not a size"),
    "seed as text": (b"[[jobs]]\nsource='a'\nseed='x'\noutput='o.png'", "seed 'x'"),
    "seed as table": (b"[[jobs]]\nsource='a'\nseed={a=1}\noutput='o.png'", "seed"),
    "scale": (b"[[jobs]]\nsource='a'\nscale=99\noutput='o.png'", "0.25 to 4"),
    "tile": (b"[[jobs]]\nsource='a'\ntile='z'\noutput='o.png'", "xy"),
    "depth": (b"[[jobs]]\nsource='a'\ndepth=12\noutput='o.png'", "12"),
    "depth as text": (b"[[jobs]]\nsource='a'\ndepth='8'\noutput='o.png'", "depth '8' is unknown"),
    "suffix": (b"[[jobs]]\nsource='a'\noutput='o.bmp'", ".png"),
    "jpeg too large": (b"[[jobs]]\nsource='a'\nsize=65536\noutput='o.jpg'", ".png or .tif"),
    "overlapping": (b"[[jobs]]\nsource='a'\nseed=[1,2]\noutput='o.png'", "two jobs write"),
    "overlapping by case": (b"[[jobs]]\nsource=['a','A']\noutput='{source}.png'", "two jobs write"),
    "unknown field": (b"[[jobs]]\nsource='a'\noutput='{home}.png'", "unknown field {home}"),
    "field into objects": (b"[[jobs]]\nsource='a'\noutput='{source.__class__}.png'", "one of {source}"),
    "field by number": (b"[[jobs]]\nsource='a'\noutput='{}.png'", "one of {source}"),
    "huge format": (b"[[jobs]]\nsource='a'\noutput='{seed:0999999999}.png'", "one of {source}"),
    "odd format": (b"[[jobs]]\nsource='a'\noutput='{seed:zz}.png'", "asks for {seed} in a form that it has not"),
    "odd braces": (b"[[jobs]]\nsource='a'\noutput='{seed.png'", "output"),
    "zero byte": (b"[[jobs]]\nsource='a'\noutput=\"a\\u0000.png\"", "control character"),
    "scale endless": (b"[[jobs]]\nsource='a'\nscale=" + b"9" * 400 + b"\noutput='o.png'", "0.25 to 4"),
    "too many": (
        b"[[jobs]]\nsource='a'\nseed=%s\nscale=%s\noutput='{seed}{scale}.png'"
        % (str(list(range(400))).encode(), str([1 + n / 1000 for n in range(400)]).encode()),
        "split the list",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_lists_get_one_clear_line(tmp_path, name):
    content, says = HOSTILE[name]
    path = tmp_path / "jobs.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RequestError) as caught:
        read_jobs(path)
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_the_record_is_lines_of_json(folder):
    run(folder)
    for line in (folder / "record").read_text().splitlines():
        output, (fingerprint, states) = json.loads(line)
        assert output.endswith(".png") and len(fingerprint) == 64 and len(states) == 1


def test_a_record_that_says_nothing_of_a_file_skips_nothing(folder):
    run(folder)
    lines = [json.loads(line) for line in (folder / "record").read_text().splitlines() if line]
    (folder / "record").write_text("".join(json.dumps([name, [mark, None]]) + "\n" for name, (mark, _) in lines))
    for path in (folder / "out").iterdir():
        path.unlink()
    assert statuses(run(folder))[:4] == ["made"] * 4


def test_a_torn_line_spoils_only_itself(folder):
    run(folder)
    record = folder / "record"
    record.write_bytes(record.read_bytes()[:-30])
    assert statuses(run(folder))[:4].count("made") == 1
    assert statuses(run(folder))[:4].count("made") == 0


def test_a_rerun_from_another_folder_is_a_rerun(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert statuses(run_jobs(read_jobs(Path("jobs.toml")), Path("record")))[:4] == ["made"] * 4
    monkeypatch.chdir(folder.parent)
    assert statuses(run(folder))[:4] == ["skipped"] * 4


def test_a_damaged_record_is_no_obstacle(folder):
    (folder / "record").write_text("[" * 200000)
    assert statuses(run(folder))[:4] == ["made"] * 4
    (folder / "record").unlink()
    (folder / "record").mkdir()
    with pytest.raises(OutputError, match="is not a file"):
        run(folder)


def test_two_jobs_may_not_write_one_map(folder, artifact_file):
    """A map's name can make two different outputs the same file; that shows when the generator is open."""
    write_artifact(folder / "wall.texnet", random_artifact(maps=MATERIAL))
    outputs = (("wall.texnet", "{map}_wall.png"), ("random.texnet", "albedo_wall.png"))
    jobs = [f'[[jobs]]\nsource = "{source}"\nsize = 64\noutput = "{output}"\n' for source, output in outputs]
    (folder / "jobs.toml").write_text('[settings]\nengine = "onnx"\n' + "".join(jobs))
    assert sorted(statuses(run(folder))) == ["failed", "made"]


def test_depth_can_vary_and_be_a_part_of_the_name(folder):
    (folder / "jobs.toml").write_text(
        LIST.replace(', "missing"', "").replace("[1, 2]", "1\ndepth = [8, 16]").replace("{seed:03}", "{depth}")
    )
    assert statuses(run(folder)) == ["made"] * 4


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_lists_are_read_as_editors_save_them(folder, encoding, line_end):
    wanted = read_jobs(folder / "jobs.toml")
    (folder / "jobs.toml").write_bytes(LIST.replace("\n", line_end).encode(encoding))
    assert read_jobs(folder / "jobs.toml") == wanted


def test_letters_in_comments_may_have_any_encoding(folder):
    (folder / "jobs.toml").write_bytes(b"# caf\xe9\n" + LIST.encode())
    assert len(read_jobs(folder / "jobs.toml")) == 8


@pytest.mark.parametrize("size", ["96x32", "96X32", "96 \u00d7 32"])
def test_a_size_has_any_sign_for_times(folder, size):
    (folder / "jobs.toml").write_text(LIST.replace("96x32", size), encoding="utf-8")
    assert {(job.request.width, job.request.height) for job in read_jobs(folder / "jobs.toml")} == {(64, 64), (96, 32)}


def test_home_and_variables_are_places_and_not_folders(folder, artifact_file, monkeypatch):
    home = folder / "a{b}"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("TEXNET_PLACE", "deep/er")
    (home / "random.texnet").write_bytes(artifact_file.read_bytes())
    for source, output in (
        ("~/random.texnet", "~/out/{seed}.png"),
        ("$HOME/random.texnet", "${HOME}/$TEXNET_PLACE/${seed}_{source}.png"),
    ):
        listed = f'[[jobs]]\nsource = "{source}"\nsize = 64\noutput = "{output}"\n'
        (job,) = read_jobs(listed.encode(), folder)
        assert job.request.source == str(home / "random.texnet")
        assert statuses(run_jobs([job], None)) == ["made"]
    made = {path.relative_to(folder).as_posix() for path in folder.rglob("*.png")}
    assert made == {"a{b}/out/0.png", "a{b}/deep/er/$0_random.png"}
    assert not (folder / "~").exists()


def test_a_list_without_a_file_is_found_from_a_folder_and_keeps_no_record(folder):
    jobs = read_jobs(LIST.replace(', "missing"', "").encode(), folder)
    for _ in range(2):
        assert statuses(run_jobs(jobs, None)) == ["made"] * 4
    assert sorted(path.name for path in folder.iterdir()) == ["jobs.toml", "out", "random.texnet"]


def test_no_jobs_are_no_work(tmp_path):
    assert run_jobs([], tmp_path / "record") == []


def test_records_of_the_first_lists_still_count(folder, monkeypatch):
    """Their fingerprints know neither loop phases nor regions, and a depth that was left open as null."""
    results = run(folder)[:4]
    job = results[0].job
    request = job.request
    settings = {"engine": "onnx", "device": "cpu", "precision": "f32", "threads": 0}
    settings |= {name: getattr(request, name) for name in ("width", "height", "seed", "tile", "scale")}
    source = hashlib.sha256((folder / "random.texnet").read_bytes()).hexdigest()
    fingerprint = hashlib.sha256(json.dumps([source, settings, None], sort_keys=True).encode()).hexdigest()
    status = job.output.stat()
    line = [str(job.output), [fingerprint, [[status.st_size, status.st_mtime_ns]]]]
    (folder / "record").write_text(json.dumps(line) + "\n")
    assert statuses(run(folder))[:4] == ["skipped", "made", "made", "made"]


@pytest.mark.parametrize(("suffix", "depth"), [(".png", 8), (".tif", 16), (".exr", 8)])
def test_a_material_of_eight_channels_goes_to_a_file_for_each_map(tmp_path, suffix, depth):
    write_artifact(tmp_path / "wall.texnet", random_artifact(maps=MATERIAL))
    (tmp_path / "jobs.toml").write_text(
        f'[settings]\nengine = "onnx"\n[[jobs]]\nsource = "wall.texnet"\nsize = 64\ndepth = {depth}\n'
        f'output = "{{source}}{suffix}"\n'
    )
    (result,) = run(tmp_path)
    assert result.status == "made"
    assert [file.name for file in result.files] == [f"wall_{spec.name}{suffix}" for spec in MATERIAL]
    if suffix == ".png":
        height = Image.open(result.files[3])
        with height:
            assert height.mode == "I;16" and height.size == (64, 64)
    assert statuses(run(tmp_path)) == ["skipped"]


COVERING = """
[settings]
engine = "onnx"
[[jobs]]
source = "random.texnet"
size = [64, 256]
covers = ["100cm", 2]
output = "{width}_{covers}.png"
"""


def test_a_list_says_what_textures_cover_and_is_told_where_that_rests_on_a_guess(folder, artifact_file):
    (folder / "jobs.toml").write_text(COVERING)
    notes = []
    results = run(folder, progress=lambda progress: notes.append(progress.note))
    assert statuses(results) == ["made"] * 4
    assert sorted(path.name for path in folder.glob("*.png")) == [
        "256_1.0.png",
        "256_2.0.png",
        "64_1.0.png",
        "64_2.0.png",
    ]
    assert [note for note in notes if note] == [size_note(read_artifact(artifact_file), str(folder / "random.texnet"))]
    with Image.open(folder / "256_1.0.png") as image:
        expected = texture(read_artifact(artifact_file), 256, 256, covers=1.0)
        assert np.array_equal(np.asarray(image), quantize(expected, 8))


def test_a_job_that_is_refused_leaves_no_folder(folder):
    (folder / "jobs.toml").write_text(
        '[[jobs]]\nsource = "random.texnet"\nsize = 64\ncovers = "9000m"\noutput = "new/a.png"\n'
    )
    assert statuses(run(folder)) == ["failed"] and not (folder / "new").exists()


def test_a_length_that_is_none_is_named_with_its_job(folder):
    (folder / "jobs.toml").write_text(COVERING.replace("100cm", "two meters"))
    with pytest.raises(RequestError, match=r"'two meters' is not a length in jobs\[1\]"):
        read_jobs(folder / "jobs.toml")
