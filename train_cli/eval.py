"""`texnet eval`: how good a generator is, in figures and pictures."""

import json
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from texnet_core import read_artifact
from texnet_core.errors import RequestError
from texnet_core.mapset import ALBEDO, FloatArray, Mask
from texnet_core.materials import is_material, read_material
from texnet_core.model.artifact import Artifact
from texnet_core.pictures.reading import Picture
from texnet_core.presets import find_generator
from texnet_core.settings import DescriptorSettings, EvaluationSettings
from texnet_core.style_settings import StyleEvaluationSettings
from texnet_core.stylization.content import Content, read_content
from texnet_core.stylization.contents import find_contents
from train_cli.checks import check_not_inputs
from train_cli.display import Display, showing
from train_cli.groups import command, is_given, option
from train_cli.options import PathType, json_option, mask_option, path_option, settings_from, settings_options
from train_cli.streams import is_input, source_file

if TYPE_CHECKING:
    from texnet_core.evaluation.evaluate import Evaluation

_WEIGHTS = ("vgg19", "vgg19_input")  # of a descriptor, all that figures leave open
_EXEMPLAR_HELP = "the picture that the generator was trained from, or the folder or .zip of its maps"


@command("eval")
@click.argument("file", metavar="FILE")
@path_option("--report", group="output", help="folder for report.png and report.html")
@json_option
@option(
    "--content",
    group="style",
    type=PathType(),
    multiple=True,
    help="picture to paint, or a folder of such, to measure a style on; may be given several times",
)
@settings_options(StyleEvaluationSettings)
@path_option("--exemplar", group="picture", help=_EXEMPLAR_HELP, pipes=True)
@mask_option
@settings_options(EvaluationSettings)
@settings_options(DescriptorSettings, only=_WEIGHTS)
@click.pass_context
def evaluate_file(
    context: click.Context,
    /,
    file: str,
    content: tuple[Path, ...],
    exemplar: Path | None,
    mask: Path | None,
    report: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Measure how good FILE is, a .texnet file or the name of a preset or a style.

    Most figures need the exemplar. Four of them need VGG-19 and torch as well; its weights are never downloaded for
    this. A figure that cannot be measured is listed with the reason. docs/quality.md says what each one means.

    A style is measured on pictures that it paints at five strengths (--content): how far from its own picture they
    are, and how far from what they show.

    \b
    Examples:
      texnet eval wall.texnet --exemplar wall.jpg
      texnet eval moss --report moss-report
      texnet eval rock.texnet --exemplar rock-maps --report rock-report
      texnet eval wave.texnet --exemplar wave.jpg --content photographs --report wave-report
    """
    from texnet_core.evaluation.report import REPORT_FILES, prepared_folder

    if mask is not None and exemplar is None:
        raise RequestError(
            "--mask is given without --exemplar", expected="both", remedy="name the exemplar, or leave the mask out"
        )
    with source_file(file, find_generator) as path:
        artifact = read_artifact(path)
    _check_given(context, artifact)
    if report is not None and exemplar is not None:
        for name in REPORT_FILES:
            check_not_inputs(report / name, exemplar, mask, "--report")
    title = "Generator" if is_input(file) else Path(file).stem
    with showing(quiet=as_json) as display:
        picture = None if exemplar is None else _read(exemplar, mask, artifact, display)
        asked = _Asked(artifact, picture, values, title, report)
        with nullcontext() if report is None else prepared_folder(report):
            facts, shown, files = _style(asked, content, display) if artifact.paints else _texture(asked, display)
    if as_json:
        click.echo(json.dumps(facts | {"outputs": [str(path) for path in files]}))
    else:
        click.echo(shown)
        for path in files:
            click.echo(f"wrote {path}")


def _read(exemplar: Path, mask: Path | None, artifact: Artifact, display: Display) -> Picture:
    """The picture, or of a material the maps that the generator makes."""
    if is_input(exemplar) or not is_material(exemplar):
        return display.read_exemplar(exemplar, mask)
    try:
        material = read_material(exemplar, mask=mask, maps=[spec.name for spec in artifact.maps])
    except RequestError as error:
        remedy = "name the material that the generator was trained from"
        raise RequestError(error.found, expected=error.allowed, remedy=remedy) from error
    display.note(*material.notes)
    return material


def _check_given(context: click.Context, artifact: Artifact) -> None:
    """Raise RequestError for options that belong to the other kind of generator, or a style without pictures."""
    wrong = ("seeds",) if artifact.paints else ("content", "size", "wrap")
    for name in wrong:
        if is_given(context, name):
            what = "a generator of textures, and this is a style" if artifact.paints else "a style, and this is none"
            raise RequestError(f"--{name} is for {what}", expected="options of its kind", remedy="leave it out")
    if artifact.paints and not context.params["content"]:
        raise RequestError(
            "a style is measured on pictures that it paints, and none is given",
            expected="--content",
            remedy="name a picture, or a folder of pictures, with --content",
        )


@dataclass(frozen=True)
class _Asked:
    """What is to be measured.

    Attributes:
        artifact: a generator of textures, or a style.
        picture: or the maps that it was trained from, or None.
        values: of the options.
        title: of the report.
        report: its folder, or None.
    """

    artifact: Artifact
    picture: Picture | None
    values: dict[str, Any]
    title: str
    report: Path | None

    @property
    def image(self) -> FloatArray | None:
        return None if self.picture is None else self.picture.image

    @property
    def mask(self) -> Mask | None:
        return None if self.picture is None else self.picture.mask

    @property
    def descriptor(self) -> DescriptorSettings:
        return settings_from(DescriptorSettings, self.values)


def _texture(asked: _Asked, display: Display) -> tuple[dict[str, Any], str, list[Path]]:
    """Figures as JSON and as text, and the files of the report."""
    from texnet_core.evaluation.evaluate import evaluate
    from texnet_core.evaluation.report import write_report

    settings = settings_from(EvaluationSettings, asked.values)
    maps = (ALBEDO,) if asked.picture is None else asked.picture.maps
    evaluation = evaluate(
        asked.artifact, asked.image, settings, asked.descriptor, mask=asked.mask, maps=maps, progress=display
    )
    display.note(*evaluation.notes)
    files = [] if asked.report is None else write_report(evaluation, asked.artifact, asked.title, asked.report)
    return _facts(evaluation), _table(evaluation), files


def _style(asked: _Asked, content: tuple[Path, ...], display: Display) -> tuple[dict[str, Any], str, list[Path]]:
    """The same of a style, on pictures that it paints."""
    from texnet_core.evaluation.evaluate_style import evaluate_style
    from texnet_core.evaluation.style_report import HEAD, record, remarks, rows, write_style_report

    contents: dict[str, Content] = {}
    for file in (file for path in content for file in find_contents(path).files):
        contents[_name_beside(file, contents)] = found = read_content(file)
        display.note(*found.notes)
    settings = settings_from(StyleEvaluationSettings, asked.values)
    evaluation = evaluate_style(
        asked.artifact, contents, asked.image, settings, asked.descriptor, mask=asked.mask, progress=display
    )
    display.note(*evaluation.notes)
    files = [] if asked.report is None else write_style_report(evaluation, asked.artifact, asked.title, asked.report)
    lines = [("strength", *HEAD[1:]), *rows(evaluation)]
    width = max(len(line[0]) for line in lines)
    cells = ["".join([f"{line[0]:{width}}", *(f"{cell:>7}" for cell in line[1:])]) for line in lines]
    return record(evaluation), "\n".join([*(cells if len(lines) > 1 else []), *remarks(evaluation)]), files


def _name_beside(file: Path, others: dict[str, Content]) -> str:
    """The file's name, with its folder where another has the same."""
    return file.name if file.name not in others else str(file)


def _facts(evaluation: "Evaluation") -> dict[str, Any]:
    figures = {name: asdict(figure) for name, figure in evaluation.figures.items()}
    return {"figures": figures, "missing": evaluation.missing, "losses": evaluation.losses, "notes": evaluation.notes}


def _table(evaluation: "Evaluation") -> str:
    from texnet_core.evaluation.figures import KINDS, rows

    lines = [("figure", "value", "reference"), *rows(evaluation.figures)]
    width = max(len(title) for title, _, _ in lines)
    text = [f"{title:{width}} {value:>12}  {reference}".rstrip() for title, value, reference in lines]
    lacking: dict[str, list[str]] = {}
    for name, reason in evaluation.missing.items():
        lacking.setdefault(reason, []).append(KINDS[name].title if name in KINDS else name.replace("_", " "))
    text += [f"no {'; '.join(titles)}: {reason}" for reason, titles in lacking.items()]
    return "\n".join(text)
