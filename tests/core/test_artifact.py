import hashlib
import json
import os
import struct
import subprocess
import sys
import threading
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import DATA, ENGINES, posix, random_artifact
from tests.waiting import PATIENCE
from texnet_core import find_source, open_engine, read_artifact, read_header, read_preview, write_artifact
from texnet_core.errors import ArtifactError
from texnet_core.mapset import ALBEDO
from texnet_core.model.artifact import FORMAT_VERSION, MAGIC, Provenance, from_bytes, rounded, to_bytes, without_clamps
from texnet_core.model.graph import NO_CLAMP
from texnet_core.model.look import Look
from texnet_core.pictures.encoders import encode_png

PREVIEW = encode_png(np.zeros((8, 8, 3), np.uint8))


@pytest.fixture(scope="module")
def full():
    return replace(
        random_artifact(3),
        preview_png=PREVIEW,
        size_m=1.5,
        look=Look(bump=-0.25, metallic=1.0),
        training={"steps": 600},
        quality={"loss": 0.01},
        provenance=Provenance(exemplar="Moss", author="Somebody", license="CC0-1.0", command="texnet train moss.jpg"),
    )


def test_what_is_written_is_read(full, tmp_path):
    path = tmp_path / "a.texnet"
    write_artifact(path, full)
    read = read_artifact(path)
    assert replace(read, parameters={}) == replace(full, parameters={})
    assert all(np.array_equal(read.parameters[name], array) for name, array in full.parameters.items())
    assert read_preview(path) == PREVIEW
    header = read_header(path)
    assert (header.settings, header.maps, header.provenance) == (full.settings, full.maps, full.provenance)
    assert header.look == full.look


def test_places_may_be_text(full, tmp_path):
    write_artifact(str(tmp_path / "a.texnet"), full)
    assert to_bytes(read_artifact(str(tmp_path / "a.texnet"))) == to_bytes(full)


def test_rounded_parameters_take_half_the_room_and_are_read_exactly(full):
    halves = replace(full, parameters=rounded(full.parameters))
    values = sum(array.size for array in full.parameters.values())
    assert len(to_bytes(full)) - len(to_bytes(halves)) == pytest.approx(2 * values, abs=200)
    read = from_bytes(to_bytes(halves), "halves").parameters
    for name, array in halves.parameters.items():
        assert read[name].dtype == np.float32 and np.array_equal(read[name], array)
        np.testing.assert_allclose(array, full.parameters[name], rtol=2**-11, atol=2**-25)


def test_parameters_too_large_for_half_precision_are_not_rounded(full):
    name = next(iter(full.parameters))
    large = full.parameters | {name: np.full_like(full.parameters[name], 1e5)}
    assert rounded(large) is large
    assert np.array_equal(from_bytes(to_bytes(replace(full, parameters=large)), "large").parameters[name], large[name])


def test_waves_are_written_and_read_and_must_fit(full):
    waves = ((0.25, -0.125), (0.1, 0.0))
    striped = random_artifact(3, waves=waves)
    assert from_bytes(to_bytes(striped), "striped").waves == waves
    for wrong in (
        [],
        [[0.1, 0.1]],
        [[0.1, 0.6], [0, 0.1]],
        [[0, 0], [0, 0.1]],
        [[5e-324, 0], [0, 0.1]],
        [[True, 0.1], [0, 0.1]],
        "waves",
        [1, 2],
    ):
        with pytest.raises(ArtifactError, match="waves"):
            from_bytes(reassembled(to_bytes(striped), setter("waves", value=wrong)), "wrong")


def older(full, version, *lacking):
    """A file as an older version wrote it: no family, the channels among the settings, and no keys of its future."""

    def age(raw):
        del raw["family"]
        raw["settings"]["out_channels"] = 3
        for key in ("detail_levels", "detail_channels", *lacking):
            del raw["settings"][key]
        if "waves" in lacking:
            del raw["waves"]

    clamps = without_clamps(full.graph)
    packed = safetensors_of({name: array for name, array in full.parameters.items() if name not in clamps})
    return reassembled(to_bytes(full), age, version, None if version >= 5 else packed)


def test_generators_of_older_versions_have_no_activation_clamps(full):
    data, clamps = to_bytes(full), without_clamps(full.graph)
    old = from_bytes(older(full, 4), "old")
    assert old.parameters.keys() == full.parameters.keys()
    for name, array in full.parameters.items():
        assert np.array_equal(old.parameters[name], np.full_like(array, NO_CLAMP) if name in clamps else array)
    packed = safetensors_of({name: array for name, array in full.parameters.items() if name not in clamps})
    for wrong in (reassembled(data, parameters=packed), older(full, 4)[:8] + bytes([5]) + older(full, 4)[9:]):
        with pytest.raises(ArtifactError, match="do not fit"):
            from_bytes(wrong, "wrong")


def test_files_of_older_versions_have_no_noise_of_repeats(full):
    assert from_bytes(older(full, 3, "repeat_channels"), "old").settings == full.settings
    with pytest.raises(ArtifactError, match="lack"):
        from_bytes(older(full, 5, "repeat_channels"), "cut")


@pytest.mark.parametrize("waves", [(), ((0.25, 0.0),)])
def test_noise_of_repeats_needs_a_grid(waves):
    wrong = setter("settings", "repeat_channels", value=1)
    with pytest.raises(ArtifactError, match="noise of repeats"):
        from_bytes(reassembled(to_bytes(random_artifact(3, waves=waves)), wrong), "wrong")


def test_files_of_the_first_version_have_no_waves(full):
    old = from_bytes(older(full, 1, "waves", "repeat_channels"), "old")
    assert old.waves == () and old.settings == full.settings
    with pytest.raises(ArtifactError, match="lack fields"):
        from_bytes(older(full, 5, "waves", "repeat_channels"), "new")


def test_older_files_say_how_many_channels_their_maps_have(full):
    assert from_bytes(older(full, 5), "old").family == "pyramid"
    for wrong in (4, 0, "3", None):

        def claim(raw, wrong=wrong):
            del raw["family"]
            raw["settings"]["out_channels"] = wrong

        with pytest.raises(ArtifactError):
            from_bytes(reassembled(to_bytes(full), claim, 5), "wrong")


@pytest.mark.device
@pytest.mark.parametrize("version", [2, 4, 5, 6])
def test_files_of_released_versions_make_what_they_made(version):
    """Untrained generators and 64x32 texels of theirs, written by the versions of then."""
    header = read_header(DATA / f"format{version}.texnet")
    assert (header.family, header.maps, header.size_m, header.look) == ("pyramid", (ALBEDO,), 1.5, None)
    assert (header.provenance.license, header.quality["colour"]) == ("CC0-1.0", 0.5)
    assert len(header.waves) == {2: 1, 4: 2, 5: 0, 6: 0}[version]
    artifact = read_artifact(DATA / f"format{version}.texnet")
    assert from_bytes(to_bytes(artifact), "again").parameters.keys() == artifact.parameters.keys()
    for engine in ENGINES:
        opened = open_engine(artifact, engine, precision="f32")
        made = opened.block(artifact.design.input_plane(7, 32, 64), 0, 0, 32, 64)
        wanted = np.load(DATA / f"format{version}.npy").astype(np.float32)
        assert np.abs(np.clip(made, 0, 1) * 255 - wanted).max() < 1


def test_a_family_that_is_not_known_is_named(full):
    with pytest.raises(ArtifactError, match=r"family 'spiral'.*update TexNet"):
        from_bytes(reassembled(to_bytes(full), setter("family", value="spiral")), "new")


def test_what_could_not_be_read_is_not_written(full, tmp_path):
    for wrong in (
        replace(full, provenance=Provenance(author="x" * 5000)),
        replace(full, training={"deep": [1]}),
        replace(full, parameters={}),
    ):
        with pytest.raises(ArtifactError):
            write_artifact(tmp_path / "a.texnet", wrong)
    assert list(tmp_path.iterdir()) == []


def test_the_header_reads_without_the_parameters(full, tmp_path):
    data = to_bytes(full)
    path = tmp_path / "wiped.texnet"
    path.write_bytes(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))
    assert read_header(path).provenance.exemplar == "Moss"
    with pytest.raises(ArtifactError, match="checksum"):
        read_artifact(path)


def test_what_is_cut_anywhere_is_called_truncated_by_whoever_reads_it(full, tmp_path):
    data = to_bytes(full)
    header = 48 + struct.unpack_from("<8sII", data)[2]
    path = tmp_path / "cut.texnet"
    for length in (1, 7, 8, 20, 47, 48, 49, header - 1, header, header + 9, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:length])
        for read in (read_artifact, read_header, read_preview):
            with pytest.raises(
                ArtifactError, match=rf"is truncated, with {length} bytes( of the \d+ in its header)?;"
            ) as caught:
                read(path)
            assert "undamaged copy" in str(caught.value)


def test_what_follows_a_generator_is_named(full, tmp_path):
    path = tmp_path / "long.texnet"
    path.write_bytes(to_bytes(full) + b"more")
    for read in (read_artifact, read_header, read_preview):
        with pytest.raises(ArtifactError, match="more than the"):
            read(path)


@posix
def test_a_generator_comes_through_a_pipe_too(full, tmp_path):
    pipe = tmp_path / "pipe"
    for data, expected in ((to_bytes(full), "Moss"), (to_bytes(full)[:-1], "truncated")):
        os.mkfifo(pipe)
        writer = threading.Thread(target=pipe.write_bytes, args=(data,))
        writer.start()
        try:
            assert read_artifact(pipe).provenance.exemplar == expected
        except ArtifactError as error:
            assert expected in str(error)
        writer.join()
        pipe.unlink()


MEASURE = """
import sys, tracemalloc
from pathlib import Path
from texnet_core import read_artifact
tracemalloc.start()
try:
    read_artifact(sys.argv[1])
except Exception as error:
    print(type(error).__name__, end=" ")
print(tracemalloc.get_traced_memory()[1])
"""


def peak_of_reading(path):
    """What a fresh process says of reading a file: an error's type where there is one, and the most bytes it took."""
    done = subprocess.run([sys.executable, "-c", MEASURE, path], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_reading_takes_at_most_twice_the_memory_of_the_file():
    path = find_source("moss")
    assert int(peak_of_reading(path)[0]) < 2 * path.stat().st_size


def test_hostile_lengths_take_no_memory(full, tmp_path):
    data = to_bytes(full)
    claims = struct.pack("<Q", 60_000_000) + b"[" * 1000
    many = b"{" + b",".join(b'"%d":{}' % number for number in range(10**6)) + b"}"
    hostile = {
        "preview": reassembled(data, setter("preview", "bytes", value=1024 * 1024)),
        "parameters": reassembled(data, setter("parameters", "bytes", value=64 * 1024 * 1024)),
        "table": reassembled(data, parameters=claims),
        "names": reassembled(data, parameters=struct.pack("<Q", len(many)) + many),
    }
    for name, content in hostile.items():
        path = tmp_path / f"{name}.texnet"
        path.write_bytes(content)
        error, peak = peak_of_reading(path)
        assert error == "ArtifactError" and int(peak) < max(2 * len(content), 2 * len(data)), name


def reassembled(data, change_header=lambda raw: None, version=FORMAT_VERSION, parameters=None):
    """The file with a changed header under a correct checksum, as a skilled attacker would make it."""
    length = struct.unpack_from("<8sII", data)[2]
    raw, rest = json.loads(data[48 : 48 + length]), data[48 + length :]
    if parameters is not None:
        rest = rest[: raw["preview"]["bytes"]] + parameters
        raw["parameters"] = {"bytes": len(parameters), "sha256": hashlib.sha256(parameters).hexdigest()}
    replacement = change_header(raw)
    header = json.dumps(raw).encode() if replacement is None else replacement
    return struct.pack("<8sII32s", MAGIC, version, len(header), hashlib.sha256(header).digest()) + header + rest


def test_a_newer_version_is_refused_by_name(full):
    with pytest.raises(ArtifactError, match="update TexNet"):
        from_bytes(reassembled(to_bytes(full), version=FORMAT_VERSION + 1), "new")


def setter(*path, value):
    def change(raw):
        for key in path[:-1]:
            raw = raw[key]
        raw[path[-1]] = value

    return change


HOSTILE = [
    setter("settings", "levels", value=10**9),
    setter("settings", "levels", value=10**400),
    setter("settings", "levels", value=-1),
    setter("settings", "levels", value=2.0),
    setter("settings", "levels", value=True),
    setter("settings", "channels", value=64),
    setter("settings", "leak", value=1e308),
    setter("settings", value=[]),
    setter("settings", value={"levels": 3}),
    setter("settings", "colour", value="red"),
    setter("settings", "out_channels", value=3),
    setter("family", value=None),
    setter("family", value=["pyramid"]),
    setter("maps", value=[]),
    setter("maps", value=["albedo"]),
    setter("maps", value=[{"channels": 3}]),
    setter("maps", value=[{"name": "../../etc/x", "channels": 3, "colour_space": "sRGB"}]),
    setter("maps", value=[{"name": "albedo", "channels": 3, "colour_space": "magic"}]),
    setter("maps", value=[{"name": "a", "channels": -3}, {"name": "b", "channels": 6}]),
    setter("maps", value=[{"name": "a", "channels": 1}] * 3),
    setter("maps", value=[{"name": "Albedo", "channels": 3}]),
    setter("maps", value=[{"name": "a", "channels": 2}, {"name": "b", "channels": 1}]),
    setter("size_m", value=True),
    setter("size_m", value=10**400),
    setter("training", "deep", value=[[[]]]),
    setter("quality", "loss", value={"a": 1}),
    lambda raw: json.dumps(raw | {"quality": {}}).replace('"quality": {}', '"quality": {"loss": 1e999}').encode(),
    setter("texels_per_exemplar", value="256"),
    setter("size_m", value=-1),
    setter("size_m", value=1e400),
    setter("size_m", value=[1]),
    setter("look", value=[0.5]),
    setter("look", value="shiny"),
    setter("look", "bump", value="high"),
    setter("look", "bump", value=-1.5),
    setter("look", "metallic", value=True),
    setter("look", "roughness_dark", value=1e400),
    setter("look", "bright", value={}),
    setter("training", value=None),
    setter("provenance", "author", value=7),
    setter("provenance", "author", value="x" * 5000),
    setter("preview", "bytes", value=10**12),
    setter("preview", "bytes", value=-1),
    setter("preview", value=None),
    setter("parameters", "bytes", value=2**63),
    setter("parameters", "bytes", value=0),
    setter("parameters", "sha256", value=None),
    lambda raw: b"[" * 60000,
    lambda raw: b'{"settings": NaN}',
    lambda raw: b"\xff\xfe",
    lambda raw: b"null",
    lambda raw: b"1" * 60000,
    lambda raw: b"{}",
]


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_headers_are_refused(full, number):
    with pytest.raises(ArtifactError) as caught:
        from_bytes(reassembled(to_bytes(full), HOSTILE[number]), "hostile")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 600


def safetensors_of(tensors):
    from safetensors.numpy import save

    return save(tensors)


def test_parameters_that_do_not_fit_are_refused(full):
    data = to_bytes(full)
    name = next(iter(full.parameters))
    good = full.parameters
    wrong = [
        {},
        {key: value for key, value in good.items() if key != name},
        good | {"extra": np.zeros(3, np.float32)},
        good | {name: good[name].astype(np.float64)},
        good | {name: good[name].astype(np.float16)},
        good | {name: good[name].reshape(-1)},
        good | {name: np.full_like(good[name], np.nan)},
        good | {name: np.full_like(good[name], np.inf)},
    ]
    claims = json.dumps({name: {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}).encode()
    packed = [safetensors_of(tensors) for tensors in wrong]
    packed += [b"", b"\xff" * 64, struct.pack("<Q", 2**62), struct.pack("<Q", len(claims)) + claims]
    for parameters in packed:
        with pytest.raises(ArtifactError):
            from_bytes(reassembled(data, parameters=parameters), "hostile")


def mutated(data, rng):
    """One random act of damage."""
    kind = rng.integers(6)
    spot = int(rng.integers(len(data)))
    if kind == 0:
        return data[:spot]
    if kind == 1:
        return data[:spot] + bytes([data[spot] ^ (1 << int(rng.integers(8)))]) + data[spot + 1 :]
    if kind == 2:
        return data[:spot] + rng.bytes(int(rng.integers(1, 64))) + data[spot:]
    if kind == 3:
        return data[:spot] + data[spot + int(rng.integers(1, 64)) :]
    if kind == 4:
        return data + rng.bytes(int(rng.integers(1, 4096)))
    head = bytearray(data[:400])  # damage where the structure is
    for _ in range(8):
        head[int(rng.integers(len(head)))] = int(rng.integers(256))
    return bytes(head) + data[400:]


def test_random_damage_always_ends_in_the_one_error_and_little_memory(full):
    data = to_bytes(full)
    rng = np.random.default_rng(0)
    tracemalloc.start()
    for _ in range(400):
        damaged = mutated(data, rng)
        if damaged != data:
            with pytest.raises(ArtifactError):
                from_bytes(damaged, "damaged")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * len(data)


def test_random_damage_under_correct_checksums_is_refused_or_harmless(full):
    """Damage inside the header that an attacker has re-signed; what is still valid must still run."""
    data = to_bytes(full)
    length = struct.unpack_from("<8sII", data)[2]
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(400):
        header = bytearray(data[48 : 48 + length])
        for _ in range(int(rng.integers(1, 4))):
            header[int(rng.integers(length))] = int(rng.integers(32, 127))
        try:
            artifact = from_bytes(reassembled(data, lambda raw, header=header: bytes(header)), "re-signed")
        except ArtifactError:
            refused += 1
        else:
            assert artifact.settings.check() and artifact.parameters.keys() == full.parameters.keys()
    assert refused > 200


def test_oversized_files_are_refused_without_reading_them(full, tmp_path):
    path = tmp_path / "huge.texnet"
    path.write_bytes(to_bytes(full))
    with path.open("rb+") as file:
        file.truncate(2**36)  # sparse: takes no room
    tracemalloc.start()
    with pytest.raises(ArtifactError, match="more than"):
        read_artifact(path)
    with pytest.raises(ArtifactError, match="more than"):
        read_header(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"{", "is not a TexNet generator"),
        (b"TEXNET\n", "is not a TexNet generator"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "is not a TexNet generator"),
    ],
)
def test_other_files_are_named_as_such(tmp_path, content, says):
    path = tmp_path / "other.texnet"
    path.write_bytes(content)
    for read in (read_artifact, read_header, read_preview):
        with pytest.raises(ArtifactError, match=says):
            read(path)


def test_missing_files_and_folders_are_named(tmp_path):
    for path in (tmp_path, tmp_path / "missing.texnet", "a\0b", "x" * 5000):
        with pytest.raises(ArtifactError, match="cannot be read"):
            read_artifact(path)
