"""The collage: a texture of a picture's own pieces, of which any window is the same window of the whole."""

from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import ENGINES
from texnet_core import RequestError, TexnetError, TextureRequest, open_plane, read_artifact, synthesize, write_artifact
from texnet_core.errors import ArtifactError, ImageError
from texnet_core.evaluation.evaluate import evaluate
from texnet_core.instant.collage import make_collage
from texnet_core.instant.keeping import with_card
from texnet_core.instant.open import open_requested, open_source
from texnet_core.instant.suitability import ghost_note
from texnet_core.model.artifact import Provenance
from texnet_core.progress import ignore_note
from texnet_core.settings import ExemplarSettings

pytestmark = pytest.mark.device
WINDOWS = [(0, 90, 0, 70), (-40, 25, 150, 260), (127, 129, 127, 129), (89, 91, 300, 500)]


def speckled(height=96, width=128, seed=0):
    """A surface that is the same everywhere: colored noise of two sizes, with a skewed distribution."""
    rng = np.random.default_rng(seed)
    coarse = np.kron(rng.random((height // 8, width // 8, 3)), np.ones((8, 8, 1)))
    fine = rng.random((height, width, 3)) ** 3
    return (0.1 + 0.3 * coarse + 0.5 * fine * (1, 0.6, 0.3)).astype(np.float32)


@pytest.fixture(scope="module")
def collage():
    return make_collage(speckled(), None, ignore_note)


@pytest.mark.parametrize("tile", ["xy", "x", "none"])
@pytest.mark.parametrize(("width", "height"), [(70, 90), (256, 33), (16, 16)])
def test_any_window_is_the_same_window_of_the_whole(collage, tile, width, height):
    request = TextureRequest(width=width, height=height, seed=5, tile=tile)
    plane = open_plane(collage, request)
    whole = plane[-100:300, -100:520]
    for top, bottom, left, right in reversed(WINDOWS):
        window = open_plane(collage, replace(request, threads=3))[top:bottom, left:right]
        assert np.array_equal(window, whole[100 + top : 100 + bottom, 100 + left : 100 + right])
    if "x" in tile:
        assert np.array_equal(whole[:, :width], whole[:, width : 2 * width])
    if tile == "none":
        assert not np.array_equal(whole[:, :width], whole[:, width : 2 * width])


@pytest.mark.parametrize("changes", [{"scale": 1.7}, {"covers": 1.5}])
def test_windows_of_a_scaled_collage_are_those_of_the_whole(collage, changes):
    request = TextureRequest(width=100, height=60, **changes)
    whole = open_plane(collage, request)[-20:100, -20:200]
    assert np.array_equal(open_plane(collage, request)[30:50, 90:140], whole[50:70, 110:160])


@pytest.mark.parametrize("engine", ENGINES)
def test_engines_agree(collage, engine):
    request = TextureRequest(width=150, height=130, seed=2, engine=engine, precision="f32")
    made = synthesize(collage, request)["albedo"]
    usual = synthesize(collage, replace(request, engine="onnx", device="cpu"))["albedo"]
    assert np.abs(made - usual).max() <= 1e-4


def test_colors_and_contrast_are_those_of_the_picture(collage):
    made = synthesize(collage, TextureRequest(width=512, height=512))["albedo"].reshape(-1, 3)
    shown = speckled().reshape(-1, 3)
    levels = np.linspace(0.02, 0.98, 25)
    assert np.abs(np.quantile(made, levels, axis=0) - np.quantile(shown, levels, axis=0)).max() < 0.03
    assert np.allclose(made.std(axis=0), shown.std(axis=0), rtol=0.05)
    assert np.allclose(np.corrcoef(made.T), np.corrcoef(shown.T), atol=0.08)


def test_it_joins_itself_as_smoothly_as_it_goes_on(collage):
    made = synthesize(collage, TextureRequest(width=200, height=200))["albedo"]
    for axis in (0, 1):
        inside = np.abs(np.diff(made, axis=axis)).mean()
        across = np.abs(made.take(0, axis) - made.take(-1, axis)).mean()
        assert across < 1.25 * inside


def test_seeds_are_other_collages(collage):
    first, again, other = (
        synthesize(collage, TextureRequest(width=64, height=64, seed=s))["albedo"] for s in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert np.abs(first - other).mean() > 0.5 * np.abs(first - first.mean()).mean()


def test_a_gray_picture_stays_gray_and_two_colors_stay_two():
    gray = np.repeat(speckled()[..., :1], 3, axis=2)
    made = synthesize(make_collage(gray, None, ignore_note), TextureRequest(width=128, height=128))["albedo"]
    assert np.ptp(made, axis=2).max() < 1e-6
    black_and_white = np.repeat((speckled()[..., :1] > 0.3).astype(np.float32), 3, axis=2)
    made = synthesize(make_collage(black_and_white, None, ignore_note), TextureRequest(width=128, height=128))["albedo"]
    assert np.minimum(made, 1 - made).max() < 0.01
    assert abs(made.mean() - black_and_white.mean()) < 0.1


def test_what_is_hidden_never_shows_and_changes_nothing():
    mask = np.ones((96, 128), bool)
    mask[:, 100:] = mask[:20, :30] = False
    made = []
    for hidden in ((1, 0, 1), (0, 1, 0)):
        image = np.where(mask[..., None], speckled() * (0.5, 1, 0.5), np.float32(hidden)).astype(np.float32)
        collage = open_source("collage", image, mask)
        made.append(synthesize(collage, TextureRequest(width=160, height=160))["albedo"])
    assert np.array_equal(*made)
    assert made[0][..., 0].max() <= (speckled()[mask] * 0.5)[:, 0].max() + 0.02


@pytest.mark.parametrize(("height", "width"), [(32, 32), (40, 700), (333, 64)])
@pytest.mark.parametrize("side", [16, 200])
def test_pictures_and_textures_of_any_size(height, width, side):
    image = np.random.default_rng(1).random((height, width, 3), np.float32)
    made = synthesize(make_collage(image, None, ignore_note), TextureRequest(width=side, height=side + 1))["albedo"]
    assert made.shape == (side + 1, side, 3) and np.isfinite(made).all() and made.std() > 0.15


def test_its_file_makes_the_same_textures_and_says_that_it_copies(collage, tmp_path):
    file = tmp_path / "sand.texnet"
    write_artifact(file, with_card(collage, Provenance(exemplar="Sand", license="CC0")))
    read = read_artifact(file)
    request = TextureRequest(width=90, height=70, seed=3)
    assert np.array_equal(synthesize(read, request)["albedo"], synthesize(collage, request)["albedo"])
    assert read.copies and read.provenance.license == "CC0" and read.preview_png.startswith(b"\x89PNG")
    assert read.provenance.exemplar_sha256 == collage.provenance.exemplar_sha256


def test_the_width_of_the_picture_gives_textures_their_size():
    settings = ExemplarSettings(real_width=2.0, exemplar_size=48)
    collage = open_source("collage", speckled(), settings=settings)
    assert collage.texels_per_exemplar == 48
    assert collage.size_m == pytest.approx(1.5, rel=0.01)  # of 96 x 128 texels, the short side


def test_a_loop_is_refused(collage):
    with pytest.raises(RequestError, match="stands still"):
        open_plane(collage, TextureRequest(width=64, height=64, phase=0.5))


def test_sources_with_and_without_an_exemplar():
    with pytest.raises(RequestError, match=r"collage makes textures of an exemplar, and none is given"):
        open_source("collage")
    with pytest.raises(RequestError, match=r"moss .* takes no exemplar"):
        open_source("moss", speckled())
    with pytest.raises(RequestError, match="did you mean 'collage'"):
        open_source("colage", speckled())
    with pytest.raises(RequestError, match="a mask hides parts of an exemplar, and none is given"):
        open_source("moss", mask=np.ones((96, 96), bool))
    assert open_source("moss").family == "pyramid"


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (np.full((64, 64, 3), 0.5, np.float32), "one color only"),
        (speckled(24, 24), "too small, with 24x24"),
        ("sand.png", "the picture is str; give floats"),
        (speckled()[..., 0], r"the picture is float32 \(96, 128\); give floats"),
        (speckled().repeat(2, axis=2), r"the picture is float32 \(96, 128, 6\)"),
        ((speckled() * 255).astype(np.uint8), "the picture is uint8"),
        (speckled() * np.float32(255), "the picture has values from"),
        (np.where(speckled() > 0.5, np.float32(np.nan), speckled()), "the picture has values from nan to nan"),
    ],
)
def test_pictures_that_cannot_serve(image, says):
    with pytest.raises(ImageError, match=says):
        open_source("collage", image)


def test_an_exemplar_is_scaled_to_no_less_than_the_smallest_one():
    with pytest.raises(RequestError, match=r"exemplar size 31 is too small \(at least 32\)"):
        open_source("collage", speckled(), settings=ExemplarSettings(exemplar_size=31))
    assert open_source("collage", speckled(), settings=ExemplarSettings(exemplar_size=32)).texels_per_exemplar == 32


def test_a_request_of_wrong_types_is_refused():
    for changes in ({"exemplar": 3}, {"exemplar": None}, {"mask": 3}):
        with pytest.raises(RequestError, match="is not text"):
            open_requested(replace(TextureRequest("collage", exemplar="sand.png"), **changes))


def test_a_request_names_its_picture(tmp_path):
    from PIL import Image

    file = tmp_path / "sand.png"
    Image.fromarray((speckled() * 255).astype(np.uint8)).save(file)
    notes = []
    made = open_requested(TextureRequest("collage", exemplar=str(file)), announce=notes.append)
    assert made.texels_per_exemplar == 96
    with pytest.raises(TexnetError, match="there is no file"):
        open_requested(TextureRequest("collage", exemplar=str(tmp_path / "none.png")))


def test_a_note_says_where_large_shapes_will_show_as_ghosts():
    sand = np.random.default_rng(0).random((256, 256, 3), np.float32)
    assert ghost_note(sand) == ""
    rows, columns = np.mgrid[:256, :256]
    columns = columns + 32 * (rows // 32 % 2)
    joints = (rows % 32 < 4) | (columns % 64 < 4)
    bricks = np.where(joints, 0.2, 0.7)[..., None] + 0.05 * sand
    assert "ghosts" in ghost_note(bricks.astype(np.float32))


def test_a_picture_that_is_too_large_to_be_measured_is_refused(collage):
    with pytest.raises(RequestError, match="a picture of 3000 texels, which is too large"):
        evaluate(replace(collage, texels_per_exemplar=3000))


@pytest.mark.parametrize(("changes", "says"), [({"cell": 40}, "cell 40 is too large"), ({"height": 31}, "height 31")])
def test_a_file_whose_pieces_would_leave_the_picture_is_damaged(collage, tmp_path, changes, says):
    broken = replace(collage, settings=replace(collage.settings, **changes))
    with pytest.raises(ArtifactError, match=f"damaged: {says}"):
        write_artifact(tmp_path / "broken.texnet", broken)
    assert not list(tmp_path.iterdir())
