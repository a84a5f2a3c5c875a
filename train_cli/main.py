"""The command's root: the list of subcommands, and the one place where errors become a line and an exit code.

Exit codes: 0 done; 1 it failed or was stopped; 2 the request itself was wrong.
"""

import json
import sys
from typing import NoReturn

import click

from texnet_core.errors import Cancelled, RequestError, TexnetError
from train_cli.info import info, presets
from train_cli.synth import synth
from train_cli.train import train


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="texnet", prog_name="texnet")
def texnet() -> None:
    """Seamless textures from small neural generators: learn one from a picture, then make any number of any size."""


texnet.add_command(synth)
texnet.add_command(train)
texnet.add_command(info)
texnet.add_command(presets)


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    try:
        texnet(prog_name="texnet", standalone_mode=False)
        code = 0
    except click.exceptions.Exit as error:
        code = error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        code = 2
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "texnet"
        code = _fail(f"{error.format_message()} See `{path} --help`.", 2)
    except TexnetError as error:
        code = _fail(str(error), 2 if isinstance(error, RequestError) else 1)
    except (Cancelled, KeyboardInterrupt, click.Abort) as error:
        code = _fail(str(error) or "stopped", 1)
    except BrokenPipeError:
        code = 1
    sys.exit(code)


def _fail(message: str, code: int) -> int:
    message = " ".join(message.split())
    if "--json" in sys.argv:
        click.echo(json.dumps({"error": message}))
    else:
        click.echo(f"texnet: {message}", err=True)
    return code
