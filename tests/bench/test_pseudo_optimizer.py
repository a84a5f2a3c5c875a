"""The bench of Pseudo Optimizers on a network that has learned nothing: it makes all it says, and goes on."""

import numpy as np
import pytest

from tests.bench.pseudo_optimizer import Bench, parsed
from tests.conftest import picture
from texnet_core import Artifact, write_artifact
from texnet_core.mapset import ALBEDO
from texnet_core.model.families import ADAPTIVE_PSEUDO_OPTIMIZER
from texnet_core.model.families.pseudo_optimizer import PseudoOptimizerSettings
from texnet_core.pictures.writing import write_image


@pytest.fixture
def words(tmp_path, random_vgg19_file):
    from texnet_core.adaptive.descriptors import given_parameters
    from texnet_core.adaptive.network import PseudoOptimizer

    settings = PseudoOptimizerSettings(levels=2, widths="2,2", residual_blocks=0)
    form = PseudoOptimizer(settings, given_parameters(settings, []))
    network = Artifact(
        settings=settings,
        maps=(ALBEDO,),
        family=ADAPTIVE_PSEUDO_OPTIMIZER.name,
        parameters={name: tensor.numpy() for name, tensor in form.parameters_by_name().items()},
    )
    write_artifact(tmp_path / "net.texnet", network)
    for name in ("seen", "unseen"):
        write_image(tmp_path / f"{name}.png", (255 * picture(256, 256, seed=len(name))).astype(np.uint8))
    pictures = ["--seen", str(tmp_path / "seen.png"), "--unseen", str(tmp_path / "unseen.png")]
    small = ["--size", "64", "--seeds", "2", "--gatys-steps", "0", "--vgg19", str(random_vgg19_file)]
    return [str(tmp_path / "net.texnet"), *pictures, *small, "-o", str(tmp_path / "out")]


def test_everything_is_made_and_kept(words, tmp_path, capsys):
    parts = ["--only", "figure6", "figure7", "figure8", "figure9", "norms", "table2"]
    Bench(parsed([*words, *parts])).run()
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert made == {*(f"figure{number}.png" for number in (6, 7, 8, 9)), "norms.png", "norms.md", "table2.md", "kept"}
    table = (tmp_path / "out" / "table2.md").read_text()
    capsys.readouterr()
    Bench(parsed([*words, "--only", "table2"])).run()
    assert capsys.readouterr().out == "table2\n"  # nothing is made again
    assert (tmp_path / "out" / "table2.md").read_text() == table and "| net | " in table
