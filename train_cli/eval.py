"""`texnet eval`: how good a generator is, in figures and pictures."""

import json
from contextlib import nullcontext
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from texnet_core import find_source, read_artifact
from texnet_core.settings import DescriptorSettings, EvaluationSettings
from train_cli.checks import check_not_exemplar
from train_cli.display import showing
from train_cli.options import json_option, settings_from, settings_options

if TYPE_CHECKING:
    from texnet_core.evaluation.evaluate import Evaluation

_NOT_OF_JUDGES = tuple(spec.name for spec in fields(DescriptorSettings) if spec.name not in ("vgg19", "vgg19_input"))


@click.command("eval")
@click.argument("file", metavar="FILE")
@click.option("--exemplar", type=click.Path(path_type=Path), help="the picture that the generator was trained from")
@click.option("--report", type=click.Path(path_type=Path), help="folder for report.png and report.html")
@settings_options(EvaluationSettings)
@settings_options(DescriptorSettings, leave_out=_NOT_OF_JUDGES)
@json_option
def evaluate_file(file: str, exemplar: Path | None, report: Path | None, as_json: bool, **values: Any) -> None:
    """Measure how good FILE is, a .texnet file or the name of a preset.

    Most figures need the exemplar, and four of them VGG-19 (its weights are never downloaded for this) and torch;
    those that cannot be had are listed with the reason. docs/quality.md says what each one means.

    \b
    Examples:
      texnet eval wall.texnet --exemplar wall.jpg
      texnet eval moss --report moss-report
    """
    from texnet_core.evaluation.evaluate import evaluate
    from texnet_core.evaluation.report import REPORT_FILES, prepared_folder, write_report
    from texnet_core.pictures.reading import read_exemplar

    artifact = read_artifact(find_source(file))
    image, notes = (None, []) if exemplar is None else read_exemplar(exemplar)
    if report is not None and exemplar is not None:
        for name in REPORT_FILES:
            check_not_exemplar(report / name, exemplar, "--report")
    with showing(quiet=as_json) as display, nullcontext() if report is None else prepared_folder(report):
        for note in notes:
            display.note(note)
        settings, descriptor = settings_from(EvaluationSettings, values), settings_from(DescriptorSettings, values)
        evaluation = evaluate(artifact, image, settings, descriptor, progress=display)
        for note in evaluation.notes:
            display.note(note)
        title = Path(file).stem
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

    lines = [("figure", "value", "beside it"), *rows(evaluation.figures)]
    width = max(len(title) for title, _, _ in lines)
    text = [f"{title:{width}} {value:>12}  {beside}".rstrip() for title, value, beside in lines]
    lacking: dict[str, list[str]] = {}
    for name, reason in evaluation.missing.items():
        lacking.setdefault(reason, []).append(FIGURES[name].title if name in FIGURES else name.replace("_", " "))
    text += [f"no {'; '.join(titles)}: {reason}" for reason, titles in lacking.items()]
    return "\n".join(text)
