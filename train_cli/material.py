"""`texnet material`: the maps of a material, guessed from one picture."""

import json
import time
from pathlib import Path
from typing import Any

import click

from texnet_core.atomic import prepared
from texnet_core.derivation import DerivationSettings, derive_maps, map_files, write_maps
from texnet_core.names import check_name
from texnet_core.paths import check_is_no_file
from train_cli.checks import check_names, check_not_inputs
from train_cli.display import showing
from train_cli.groups import command, option
from train_cli.options import (
    clean,
    json_option,
    mask_option,
    output_option,
    path_argument,
    settings_from,
    settings_options,
)
from train_cli.streams import is_input


@command()
@path_argument("exemplar", "EXEMPLAR")
@output_option("folder for the maps, which is made where there is none", pipes=False)
@json_option
@mask_option
@settings_options(DerivationSettings)
@option("--name", group="output", help="what the names of the files begin with; without it the picture's file name")
def material(exemplar: Path, output: Path, mask: Path | None, name: str | None, as_json: bool, **values: Any) -> None:
    """Guess the maps of a material from EXEMPLAR, one picture of a surface.

    Writes albedo, normal (OpenGL), roughness, height (16 bits) and ambient occlusion as NAME_MAP.png. What is derived
    is a guess: measured maps, where there are any, are better.

    \b
    Examples:
      texnet material wall.jpg -o wall
      texnet material tiles.png -o tiles --wraps --strength 1.5
      texnet train wall -o wall.texnet
    """
    started = time.monotonic()
    check_is_no_file(output)
    settings = settings_from(DerivationSettings, values).check()
    stem = clean(name or ("material" if is_input(exemplar) else exemplar.stem))
    check_name(stem)
    files = map_files(output, stem)
    check_names([*files.values()], are_made=True)
    for file in files.values():
        check_not_inputs(file, exemplar, mask, "--output")
    with prepared(*files.values()), showing(quiet=as_json) as display:
        picture = display.read_exemplar(exemplar, mask)
        made = derive_maps(picture.image, mask=picture.mask, **vars(settings))
        display.stop_if_asked()
        write_maps(files, made)
    seconds = time.monotonic() - started
    if as_json:
        facts: dict[str, Any] = {"output": str(output), "maps": {role: str(file) for role, file in files.items()}}
        facts |= {"derived": [spec.name for spec in made.maps if spec.derived], "relief": round(made.relief, 6)}
        click.echo(json.dumps({**facts, "seconds": round(seconds, 3), "notes": display.notes}))
    else:
        guessed = ", ".join(spec.name for spec in made.maps if spec.derived)
        click.echo(f"wrote {len(files)} maps to {output} (derived from the colors: {guessed}; {seconds:.1f} s)")
