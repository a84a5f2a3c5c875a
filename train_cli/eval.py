"""`texnet eval`: how good a generator is, in figures and pictures."""

import json
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from texnet_core import read_artifact
from texnet_core.errors import RequestError
from texnet_core.settings import DescriptorSettings, EvaluationSettings
from train_cli.checks import check_not_inputs
from train_cli.display import showing
from train_cli.groups import command
from train_cli.options import json_option, mask_option, path_option, settings_from, settings_options
from train_cli.streams import is_input, source_file

if TYPE_CHECKING:
    from texnet_core.evaluation.evaluate import Evaluation

_WEIGHTS = ("vgg19", "vgg19_input")  # of a descriptor, all that figures leave open


@command("eval")
@click.argument("file", metavar="FILE")
@path_option("--report", group="output", help="folder for report.png and report.html")
@json_option
@path_option("--exemplar", group="picture", help="the picture that the generator was trained from", pipes=True)
@mask_option
@settings_options(EvaluationSettings)
@settings_options(DescriptorSettings, only=_WEIGHTS)
def evaluate_file(
    file: str, exemplar: Path | None, mask: Path | None, report: Path | None, as_json: bool, **values: Any
) -> None:
    """Measure how good FILE is, a .texnet file or the name of a preset.

    Most figures need the exemplar. Four of them need VGG-19 and torch as well; its weights are never downloaded for
    this. A figure that cannot be measured is listed with the reason. docs/quality.md says what each one means.

    \b
    Examples:
      texnet eval wall.texnet --exemplar wall.jpg
      texnet eval moss --report moss-report
    """
    from texnet_core.evaluation.evaluate import evaluate
    from texnet_core.evaluation.report import REPORT_FILES, prepared_folder, write_report

    if mask is not None and exemplar is None:
        raise RequestError(
            "--mask is given without --exemplar", expected="both", remedy="name the exemplar, or leave the mask out"
        )
    with source_file(file) as path:
        artifact = read_artifact(path)
    if report is not None and exemplar is not None:
        for name in REPORT_FILES:
            check_not_inputs(report / name, exemplar, mask, "--report")
    settings, descriptor = settings_from(EvaluationSettings, values), settings_from(DescriptorSettings, values)
    with showing(quiet=as_json) as display:
        picture = None if exemplar is None else display.read_exemplar(exemplar, mask)
        image, shown = (None, None) if picture is None else (picture.image, picture.mask)
        with nullcontext() if report is None else prepared_folder(report):
            evaluation = evaluate(artifact, image, settings, descriptor, mask=shown, progress=display)
            display.note(*evaluation.notes)
            title = "Generator" if is_input(file) else Path(file).stem
            files = [] if report is None else write_report(evaluation, artifact, title, report)
    if as_json:
        click.echo(json.dumps(_facts(evaluation) | {"outputs": [str(path) for path in files]}))
    else:
        click.echo(_table(evaluation))
        for path in files:
            click.echo(f"wrote {path}")


def _facts(evaluation: "Evaluation") -> dict[str, Any]:
    figures = {name: asdict(figure) for name, figure in evaluation.figures.items()}
    return {"figures": figures, "missing": evaluation.missing, "losses": evaluation.losses, "notes": evaluation.notes}


def _table(evaluation: "Evaluation") -> str:
    from texnet_core.evaluation.figures import FIGURES, rows

    lines = [("figure", "value", "reference"), *rows(evaluation.figures)]
    width = max(len(title) for title, _, _ in lines)
    text = [f"{title:{width}} {value:>12}  {reference}".rstrip() for title, value, reference in lines]
    lacking: dict[str, list[str]] = {}
    for name, reason in evaluation.missing.items():
        lacking.setdefault(reason, []).append(FIGURES[name].title if name in FIGURES else name.replace("_", " "))
    text += [f"no {'; '.join(titles)}: {reason}" for reason, titles in lacking.items()]
    return "\n".join(text)
