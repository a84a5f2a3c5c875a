"""What the comparison of starts asks, and how it tells the answers; the figures have tests of their own."""

import numpy as np
import pytest

from tests.bench.start_sheets import in_colors_of, likeness
from tests.bench.start_tables import answers, table
from tests.bench.starts import _claimed
from tests.conftest import picture


def row(exemplar, start, steps, loss, **more):
    facts = {"source": "", "note": "", "memorisation": 0.0, "diversity": 1.0, "seconds": 9.0, "seam": 1.0}
    distances = dict.fromkeys(("gram", "wasserstein", "held out"), loss)
    return {"exemplar": exemplar, "start": start, "steps": steps, "validation loss": loss} | facts | distances | more


ROWS = [
    row("a", "cold", 100, 0.5), row("a", "auto", 100, 0.3, source="bark"),
    row("a", "cold", 200, 0.4), row("a", "auto", 200, 0.2),
    row("b", "cold", 100, 0.5), row("b", "auto", 100, 0.45, diversity=0.9),
    row("b", "cold", 200, 0.4),
]  # fmt: skip


def test_the_answers_count_exemplars_that_have_both_runs():
    told = answers(ROWS, "cold", "auto")
    assert "after 100 warm steps at most that after 200 cold ones | 1 of 2 |" in told
    assert "gram, 100 warm steps over 100 cold ones, mean; at most 1.02 | 0.750, yes |" in told
    assert "gram, 200 warm steps over 200 cold ones, mean; at most 1.02 | 0.500, yes |" in told
    assert "diversity after 100 warm steps, 0.95 to 1.1 | 1 of 2; 0.90 to 1.00 |" in told


def test_the_table_has_a_line_for_each_generator():
    lines = table(ROWS).splitlines()
    assert len(lines) == 2 + len(ROWS) and "auto: bark" in lines[3]
    assert len({line.count("|") for line in lines}) == 1


def test_the_start_is_shown_in_the_colors_of_the_exemplar():
    one, other = 0.2 + 0.5 * picture(64, 64, 1), 0.2 + 0.5 * picture(64, 64, 2)
    made = in_colors_of(one, other)
    np.testing.assert_allclose(made.mean((0, 1)), other.mean((0, 1)), atol=0.01)
    assert likeness(one, one) == pytest.approx(1) and abs(likeness(one, np.roll(one, 32, 0))) < 0.9


def test_what_one_process_makes_no_other_does(tmp_path):
    with _claimed(tmp_path / "a.json") as first, _claimed(tmp_path / "a.json") as second:
        assert first and not second
    with _claimed(tmp_path / "a.json") as again:
        assert again
