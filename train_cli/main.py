"""The command's root: the list of subcommands, and the one place where errors become a line and an exit code.

Exit codes: 0 done; 1 it failed or was stopped; 2 the request itself was wrong.
"""

import io
import json
import os
import sys

import click
import cloup

from texnet_core.errors import Cancelled, RequestError, TexnetError, one_line
from train_cli.adaptive import adaptive
from train_cli.batch import batch
from train_cli.bench import bench
from train_cli.collage import collage
from train_cli.eval import evaluate_file
from train_cli.info import info, presets
from train_cli.keep import keep
from train_cli.material import material
from train_cli.optimize import optimize
from train_cli.recipes import recipes
from train_cli.streams import OutputTakenError
from train_cli.style import style
from train_cli.stylize import stylize
from train_cli.synth import synth
from train_cli.train import train


@cloup.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    sections=[
        cloup.Section("Make textures", [synth, collage, keep, batch, presets]),
        cloup.Section("Paint pictures", [stylize]),
        cloup.Section("Train generators", [train, style, recipes, adaptive]),
        cloup.Section("Look and measure", [info, evaluate_file, bench]),
        cloup.Section("Work without a generator", [material, optimize]),
    ],
)
@click.version_option(package_name="texnet", prog_name="texnet")
def texnet() -> None:
    """Seamless textures from small neural generators.

    A generator learns a surface from one picture, and makes any number of textures of any size.

    \b
    Examples:
      texnet synth moss -o moss.png
      texnet train wall.jpg -o wall.texnet
      texnet stylize wave.texnet wall.png -o painted.png
    """


def run() -> int:
    """Run the command line; returns its exit code."""
    _spare_consoles_that_lack_letters()
    code = _run()
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        _without_stdout()
        code = code or 1
    return code


def _run() -> int:
    try:
        code = texnet(prog_name="texnet", standalone_mode=False)  # what a command exits with, else None
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "texnet"
        message = error.format_message().rstrip(".")
        return _fail(f"{message}. See `{path} --help`.", 2)
    except TexnetError as error:
        as_text = isinstance(error, OutputTakenError)
        return _fail(str(error), 2 if isinstance(error, RequestError) else 1, as_text=as_text)
    except (Cancelled, KeyboardInterrupt, click.Abort) as error:
        return _fail(str(error) or "stopped", 1)
    except BrokenPipeError:  # the reader has seen enough
        return 1
    except OSError as error:
        found = f"the system refused: {error.strerror or error}"
        return _fail(f"{found}; free some room or redirect the output", 1)
    except Exception as error:
        if os.environ.get("TEXNET_DEBUG"):
            raise
        found = f"TexNet stopped on an unexpected {type(error).__name__} ({error})"
        return _fail(f"{found}; run again with TEXNET_DEBUG=1 and report the details", 1)
    return code or 0


def _spare_consoles_that_lack_letters() -> None:
    """A file name that a console cannot show must not fail a finished job."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _without_stdout() -> None:
    """Keep Python from trying again, at exit, to write what could not be written."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, code: int, *, as_text: bool = False) -> int:
    message = one_line(message)
    try:
        if "--json" in sys.argv and not as_text:
            click.echo(json.dumps({"error": message}))
        else:
            click.echo(f"texnet: {message}", err=True)
    except OSError:  # nobody can be told
        _without_stdout()
    return code
