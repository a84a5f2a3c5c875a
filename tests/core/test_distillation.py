"""What the light descriptor learns and on what: `build_descriptor.py` and its parts."""

import numpy as np
import pytest
import torch

import build_descriptor
from tests.conftest import picture, random_artifact
from texnet_core.descriptor.distillation import LAYERS, Student, answers, distance, find_goals, missed
from texnet_core.descriptor.lessons import Lessons
from texnet_core.descriptor.light import Light
from texnet_core.descriptor.light_file import COMPONENTS, SHAPES
from texnet_core.descriptor.vgg19 import Vgg19
from texnet_core.descriptor.weights import load_vgg19
from texnet_core.errors import RequestError
from texnet_core.pictures.color import quantize
from texnet_core.pictures.writing import write_image


@pytest.fixture(scope="module")
def lessons():
    pictures = [torch.from_numpy(quantize(picture(160, 200, seed), 8)).permute(2, 0, 1)[None] for seed in range(2)]
    return Lessons(pictures, [build_descriptor.trained_generator(random_artifact())], seed=3)


@pytest.fixture(scope="module")
def tiles(lessons):
    return torch.cat([lessons.tile(number, 32) for number in range(24)])


@pytest.fixture(scope="module")
def teacher(random_vgg19_file):
    return Vgg19(load_vgg19(str(random_vgg19_file)), LAYERS)


@pytest.fixture(scope="module")
def goals(teacher, tiles):
    return find_goals(teacher, tiles.split(8))


def test_equal_numbers_are_equal_tiles_and_others_are_others(lessons, tiles):
    assert tiles.shape == (24, 3, 32, 32) and tiles.isfinite().all()
    assert -1 < tiles.min() and tiles.max() < 2 and (tiles.mean((1, 2, 3)) - 0.5).abs().max() < 0.6
    assert torch.equal(lessons.tile(5, 32)[0], tiles[5])
    assert len({tile.numpy().tobytes() for tile in tiles}) == 24


def test_goals_are_principal_components(teacher, goals, tiles):
    said = answers(teacher, goals, tiles)
    for layer, goal in goals.items():
        assert said[layer].shape[1] == COMPONENTS[layer] and 0 < goal.held <= 1
        torch.testing.assert_close(goal.axes.T @ goal.axes, torch.eye(COMPONENTS[layer]), rtol=0, atol=1e-4)
    values = said["relu1_1"].transpose(0, 1).flatten(1)
    deviations = values.std(1)
    assert (deviations[:3].diff() < 0.02).all() and deviations[0] > deviations[-1]
    assert float(values.var(1).sum()) == pytest.approx(goals["relu1_1"].held, rel=0.1)


def test_a_student_is_the_light_descriptor_with_its_weights_and_learns(teacher, goals, tiles):
    student, batch = Student(0), tiles[:4]
    wanted = answers(teacher, goals, batch)
    optimizer = torch.optim.Adam(student.parameters(), lr=3e-3)
    losses = []
    for _ in range(8):
        loss = distance(student(batch), wanted)
        student.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.9 * losses[0]
    assert student.weights().parameters.keys() == SHAPES.keys()
    with torch.no_grad():
        mine, theirs = student(batch), Light(student.weights(), LAYERS)(batch, periodic=True)
    for layer in LAYERS:
        torch.testing.assert_close(mine[layer], theirs[layer], rtol=1e-5, atol=1e-5)
    assert max(missed(student, [(batch, mine)]).values()) == 0
    assert min(missed(Student(0), [(batch, wanted)]).values()) >= 0.999  # heads of zeros tell nothing


def test_pictures_are_held_out_by_name_or_one_in_twelve(tmp_path):
    for index in range(14):
        write_image(tmp_path / f"surface{index:02}.png", np.full((40, 40, 3), index * 10, np.uint8))
    learned, kept = build_descriptor.pictures_in(tmp_path, None)
    assert (len(learned), len(kept)) == (12, 2)
    (tmp_path / "list.txt").write_text("surface03\n\nsurface1\n")
    learned, kept = build_descriptor.pictures_in(tmp_path, tmp_path / "list.txt")
    assert [int(image[0, 0, 0, 0]) for image in kept] == [30, 100, 110, 120, 130]
    (tmp_path / "list.txt").write_text("surface\n")
    with pytest.raises(RequestError, match="0 pictures are left to learn from"):
        build_descriptor.pictures_in(tmp_path, tmp_path / "list.txt")
    with pytest.raises(RequestError, match="has 0 pictures"):
        build_descriptor.pictures_in(tmp_path / "none", None)
