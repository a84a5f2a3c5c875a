"""Files of several textures: what is chosen of them, mixed, made and kept."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.conftest import picture
from tests.core.networks import predicting_network, textures_network
from texnet_core import TextureRequest, open_engine, open_plane, open_source, read_artifact, synthesize, write_artifact
from texnet_core.errors import ArtifactError, ImageError, RequestError
from texnet_core.instant.keeping import keep
from texnet_core.instant.open import open_requested
from texnet_core.instant.textures import choose_texture
from texnet_core.lists.job_runner import run_jobs
from texnet_core.lists.jobs import read_jobs
from texnet_core.model.artifact import Provenance, read_header
from texnet_core.pictures.color import quantize
from texnet_core.synthesis.choice import TextureChoice, parse_mix
from texnet_core.worker import opened

NAMES = ("moss", "bark", "sand")


@pytest.fixture(scope="module")
def network():
    return textures_network(*NAMES)


@pytest.fixture
def folder(network, tmp_path):
    """A file of three textures, an ordinary one, one that adapts, and pictures."""
    known = replace(network, provenance=Provenance("three", "Ann", "CC0-1.0"), size_m=2.0)
    write_artifact(tmp_path / "three.texnet", known)
    write_artifact(tmp_path / "one.texnet", choose_texture(network, TextureChoice()))
    write_artifact(tmp_path / "any.texnet", predicting_network())
    half = np.zeros((8, 16), np.uint8)
    half[:, 8:] = 255
    Image.fromarray(half).save(tmp_path / "half.png")
    Image.fromarray(255 - half).save(tmp_path / "other.png")
    Image.fromarray(quantize(picture(96, 128), 8)).save(tmp_path / "wall.png")
    (tmp_path / "text.png").write_text("no picture")
    return tmp_path


def of(folder, **choice):
    if "mix_mask" in choice:
        choice["mix_mask"] = str(folder / choice["mix_mask"])
    more = {"width": 64, "height": 48, "engine": "onnx"}
    return TextureRequest(str(folder / "three.texnet"), **more, **choice)


def made(request, notes=None):
    return synthesize(open_requested(request, announce=(notes if notes is not None else []).append), request)["albedo"]


# What is chosen.


def test_weights_are_divided_by_their_sum():
    assert parse_mix("moss=1,bark=3", "mix") == {"moss": 0.25, "bark": 0.75}
    assert parse_mix(" moss = 2 , bark", "mix") == {"moss": 2 / 3, "bark": 1 / 3}
    assert parse_mix("moss", "mix_to") == {"moss": 1}
    assert parse_mix("moss=0,bark=1e-300", "mix") == {"moss": 0, "bark": 1}


@pytest.mark.parametrize(
    "choice, says",
    [
        ({"mix": "moss=x"}, "mix gives 'moss' the weight 'x'; give a number"),
        ({"mix": "moss=nan"}, "weight 'nan'"),
        ({"mix": "moss=inf"}, "weight 'inf'"),
        ({"mix": "moss=-1,bark=2"}, "weight '-1'"),
        ({"mix": "moss="}, "weight ''"),
        ({"mix": "moss=0,bark=0"}, "no weight above 0"),
        ({"mix": "moss=1e308,bark=1e308"}, "too large"),
        ({"mix": "moss=1,moss=2"}, "names 'moss' twice"),
        ({"mix": "moss,,bark"}, "a part without a name"),
        ({"mix": "=1"}, "a part without a name"),
        ({"texture": "moss", "mix": "bark"}, "cannot be combined"),
        ({"mix_to": "bark"}, "mix to needs a mask"),
        ({"mix_mask": "half.png"}, "mix mask needs a second texture"),
        ({"mix_to": "bark=-1", "mix_mask": "half.png"}, "mix to gives 'bark'"),
        ({"texture": 3}, "texture 3 is not text"),
    ],
)
def test_what_is_no_choice_is_one_line(choice, says):
    with pytest.raises(RequestError) as caught:
        TextureRequest("three.texnet", **choice).check()
    assert says in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "choice, says",
    [
        ({"texture": "mos"}, "texture 'mos' is unknown; did you mean 'moss'?"),
        ({"texture": "Sand"}, "did you mean 'sand'?"),
        ({"mix": "moss,granite"}, "mix 'granite' is unknown; choose one of its textures: moss, bark, sand"),
        ({"mix_to": "brak", "mix_mask": "half.png"}, "mix to 'brak' is unknown; did you mean 'bark'?"),
    ],
)
def test_names_that_are_unknown_are_told_with_what_was_meant(folder, choice, says):
    with pytest.raises(RequestError, match="unknown") as caught:
        open_requested(of(folder, **choice))
    assert says in str(caught.value)


@pytest.mark.parametrize("choice", [{"texture": "moss"}, {"mix": "a,b"}, {"mix_to": "a", "mix_mask": "half.png"}])
@pytest.mark.parametrize("source", ["moss", "one.texnet", "any.texnet", "collage", "instant"])
def test_sources_of_one_texture_leave_no_choice(folder, source, choice):
    path = folder / source if source.endswith(".texnet") else source
    with pytest.raises(RequestError, match="is for files that hold several textures; leave it out"):
        open_requested(replace(of(folder, **choice), source=str(path)))


def test_masks_that_cannot_be_read_are_one_line(folder):
    for name, says in (("none.png", "there is no file"), ("text.png", "cannot be read as a picture")):
        with pytest.raises(ImageError, match=says):
            open_requested(of(folder, mix_to="bark", mix_mask=name))
    with pytest.raises(RequestError, match="was not read"):
        open_source(folder / "three.texnet", choice=of(folder, mix_to="bark", mix_mask="half.png"))
    for shape, value in (((4, 4, 3), 0), ((0, 4), 0), ((4, 4), np.nan)):
        given = np.full(shape, value, np.float32)
        with pytest.raises(RequestError, match="give floats"):
            choice = of(folder, mix_to="bark", mix_mask="half.png")
            open_source(folder / "three.texnet", choice=choice, mix_mask=given)


def test_a_file_of_several_takes_no_exemplar(folder):
    with pytest.raises(RequestError, match="takes no exemplar"):
        open_requested(replace(of(folder), exemplar=str(folder / "wall.png")))


def test_the_first_is_taken_where_nothing_is_said_and_a_note_names_all(folder):
    notes = []
    first = made(of(folder), notes)
    assert notes == ["this is moss, the first of 3 textures: moss, bark, sand"]
    assert np.array_equal(first, made(of(folder, texture="moss"), notes)) and len(notes) == 1


def test_what_is_chosen_decides(folder):
    tiles = [made(of(folder, texture=name)) for name in NAMES]
    tiles += [made(of(folder, mix=mix)) for mix in ("moss,bark", "moss=0.9,bark=0.1", "moss,bark,sand")]
    tiles += [made(of(folder, mix_to="bark", mix_mask=name)) for name in ("half.png", "other.png")]
    for number, tile in enumerate(tiles):
        assert all(np.abs(tile - other).mean() > 1e-3 for other in tiles[:number])
    assert np.array_equal(tiles[0], made(of(folder, mix="moss=0.2")))
    assert np.array_equal(tiles[3], made(of(folder, mix="bark=7,moss=7")))


def test_colors_are_mixed_in_straight_lines(folder):
    """Means of tiles are those of the file, as its textures state them."""
    network = read_artifact(folder / "three.texnet")
    mean = 0.25 * network.parameters["colors.mean"][0] + 0.75 * network.parameters["colors.mean"][1]
    tile = made(replace(of(folder, mix="moss,bark=3"), width=256, height=256))
    assert np.abs(tile.mean((0, 1)) - mean).max() < 0.02


def test_a_file_of_several_is_no_generator_by_itself(network):
    for attempt in (lambda: open_plane(network), lambda: synthesize(network), lambda: open_engine(network, "onnx")):
        with pytest.raises(RequestError, match="3 textures to choose from"):
            attempt()


# Lists, the worker, files for later.


def test_records_of_requests_say_what_was_chosen(folder):
    request = of(folder, mix="moss=0.5,bark=2", mix_to="sand", mix_mask="half.png")
    assert TextureRequest.from_record(request.record()) == request
    older = {name: value for name, value in request.record().items() if not name.startswith(("mix", "texture"))}
    assert not TextureRequest.from_record(older).is_made


LIST = """
[settings]
engine = "onnx"
[[jobs]]
source = "three.texnet"
mix = ["moss", "moss=1,bark=3"]
size = 48
output = "{mix}.png"
[[jobs]]
source = "three.texnet"
texture = "sand"
mix_to = "bark"
mix_mask = "half.png"
size = 48
output = "{texture} to {mix_to} by {mix_mask}.png"
[[jobs]]
source = "one.texnet"
texture = "moss"
size = 48
output = "none.png"
"""


def test_lists_choose_and_a_rerun_makes_what_has_changed(folder):
    (folder / "list.toml").write_text(LIST)

    def run():
        results = run_jobs(read_jobs(folder / "list.toml"), folder / "record")
        return [(result.job.output.name, result.status) for result in results], results

    names = ["moss.png", "moss=1,bark=3.png", "sand to bark by half.png", "none.png"]
    told, results = run()
    assert told == list(zip(names, ["made", "made", "made", "failed"], strict=True))
    assert "leave it out" in results[3].error
    (folder / "half.png").write_bytes((folder / "other.png").read_bytes())
    assert [status for _, status in run()[0]] == ["skipped", "skipped", "made", "failed"]
    with Image.open(folder / "moss=1,bark=3.png") as image:
        expected = made(replace(of(folder, mix="moss=1,bark=3"), width=48, height=48))
        assert np.array_equal(np.asarray(image), quantize(expected, 8))


def test_a_list_does_not_write_over_its_mask(folder):
    (folder / "list.toml").write_text(LIST.replace("{texture} to {mix_to} by {mix_mask}", "half"))
    with pytest.raises(RequestError, match="written by one job and read by another"):
        read_jobs(folder / "list.toml")


def test_the_worker_opens_what_is_chosen_once(folder):
    np.save(folder / "drawn.npy", (np.arange(64, dtype=np.uint16).reshape(8, 8, 1) * 1000))
    first = opened.open_texture(of(folder, texture="moss"), print)
    assert opened.open_texture(of(folder, texture="moss"), print) is first
    others = [of(folder, texture="bark"), of(folder, mix_to="bark", mix_mask="drawn.npy")]
    for request in others:
        artifact, _ = opened.open_texture(request, print)
        assert artifact is not first[0] and np.array_equal(synthesize(artifact, request)["albedo"], made_of(request))


def made_of(request):
    """What a request means, whose mask may be an array."""
    mask = np.load(request.mix_mask)[..., 0] / np.float32(65535) if request.mix_mask else None
    return synthesize(open_source(request.source, choice=request, mix_mask=mask), request)["albedo"]


@pytest.mark.parametrize(
    "choice", [{"texture": "bark"}, {"mix": "bark,sand"}, {"mix_to": "sand", "mix_mask": "half.png"}]
)
def test_what_is_kept_makes_the_same_textures(folder, choice):
    kept = keep(of(folder, **choice), folder / "kept.texnet")
    request = of(folder, **choice)
    assert np.array_equal(synthesize(read_artifact(folder / "kept.texnet"), request)["albedo"], made(request))
    header = read_header(folder / "kept.texnet")
    assert (header.provenance.author, header.provenance.license, header.size_m) == ("Ann", "CC0-1.0", 2.0)
    assert not header.textures and header.look is not None and kept.preview_png
    assert (
        header.provenance.exemplar
        == {"texture": "bark", "mix": "bark 50%, sand 50%", "mix_to": "moss to sand"}[next(iter(choice))]
    )


def test_what_a_network_makes_of_an_exemplar_is_kept_with_its_name(folder):
    request = TextureRequest(str(folder / "any.texnet"), exemplar=str(folder / "wall.png"))
    assert keep(request, folder / "kept.texnet").provenance.exemplar == "wall"
    named = keep(request, folder / "kept.texnet", Provenance("House", "Bo"))
    assert (named.provenance.exemplar, named.provenance.author) == ("House", "Bo")


def test_what_cannot_be_kept_leaves_nothing(folder):
    before = (folder / "three.texnet").read_bytes()
    for request, output, says in (
        (of(folder), "three.texnet", "would replace the source"),
        (TextureRequest("moss"), "kept.texnet", "moss is a generator of its own already"),
        (TextureRequest(str(folder / "one.texnet")), "kept.texnet", "already"),
        (of(folder, texture="x"), "kept.texnet", "unknown"),
        (TextureRequest(str(folder / "any.texnet")), "kept.texnet", "none is given"),
    ):
        with pytest.raises(RequestError, match=says):
            keep(request, folder / output)
    assert not (folder / "kept.texnet").exists() and (folder / "three.texnet").read_bytes() == before


@pytest.mark.parametrize("what", ["exemplar", "mask", "mix_mask"])
def test_keeping_replaces_no_picture_that_is_read(what, tmp_path):
    """Not even one that is called like a generator, or that a link leads to."""
    photo, link = tmp_path / "photo.png", tmp_path / "link.texnet"
    Image.fromarray(quantize(picture(64, 64), 8)).save(photo)
    link.symlink_to(photo)
    before = photo.read_bytes()
    given = {"exemplar": str(photo)} | ({what: str(photo)} if what != "exemplar" else {})
    choice = {"mix_to": "moss"} if what == "mix_mask" else {}
    request = TextureRequest("instant", **given, **choice)
    for output in (photo, link):
        with pytest.raises(RequestError, match=r"would replace|does not end in"):
            keep(request, output)
    assert photo.read_bytes() == before


@pytest.mark.parametrize(
    "mask", [[[0.0, 1.0]], "mask.png", np.ones((4, 4), np.uint8), np.full((4, 4), 2.0), np.full((4, 4), np.nan)]
)
def test_what_is_no_mask_is_told(mask):
    choice = TextureChoice(texture="moss", mix_to="bark", mix_mask="mask.png")
    with pytest.raises(RequestError, match="mix mask"):
        choose_texture(textures_network("moss", "bark"), choice, mask)


def test_a_generator_of_one_texture_leaves_no_choice(artifact):
    with pytest.raises(RequestError, match="makes one texture"):
        choose_texture(artifact, TextureChoice())


def test_parameters_that_lead_nowhere_are_told():
    network = textures_network("moss", "bark")
    codes = np.full_like(network.parameters["codes"], 1e30)
    with pytest.raises(ArtifactError, match="not finite"), np.errstate(all="ignore"):
        choose_texture(replace(network, parameters={**network.parameters, "codes": codes}), TextureChoice())
