"""Showing the core's progress: a bar on a terminal, a line now and then elsewhere, nothing with --json."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import click
from tqdm import tqdm

from texnet_core.errors import Cancelled, OutputError, printable
from texnet_core.instant.textures import read_mix_mask
from texnet_core.mapset import FloatArray
from texnet_core.pictures.reading import Picture, read_exemplar
from texnet_core.pictures.writing import write_image
from texnet_core.progress import Progress, ProgressCallback
from train_cli.streams import readable

_LINE_EVERY_S = 10.0
_TIME_BAR = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"  # seconds a second say nothing


class Display:
    """A progress callback for the core; use it as `with showing(...) as display`."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet or sys.stderr is None
        self._bar: Any = None
        self._shown: tuple[str, float] | None = None  # stage and total of the bar
        self._last_line_at = time.monotonic()
        self.stop_asked = False
        self.notes: list[str] = []

    def note(self, *texts: str) -> None:
        """Keep each sentence, and show it once, above the bar if there is one."""
        self.notes += texts
        self.show(*(f"texnet: {text}" for text in texts))

    def show(self, *lines: str) -> None:
        """Show lines above the bar, if there is one."""
        if not self._quiet:
            for line in lines:
                tqdm.write(printable(line), file=sys.stderr)

    def read_exemplar(self, path: Path, mask: Path | None = None) -> Picture:
        """The picture, with a note for each thing about it that the user should know."""
        with readable(path) as file, nullcontext() if mask is None else readable(mask) as mask_file:
            picture = read_exemplar(file, mask_file)
        self.note(*picture.notes)
        self.stop_if_asked()
        return picture

    def read_mix_mask(self, path: str) -> FloatArray | None:
        """The mask of a mix, (height, width) in [0, 1]; None for none."""
        if not path:
            return None
        with readable(Path(path)) as file:
            return read_mix_mask(file, self.note)

    def stop_if_asked(self) -> None:
        """Raise Cancelled after a Ctrl-C: for between two parts of work that report no progress."""
        if self.stop_asked:
            raise Cancelled

    def __call__(self, progress: Progress) -> None:
        if progress.note:
            self.note(progress.note)
        self.stop_if_asked()
        if self._quiet:
            return
        if sys.stderr.isatty():
            self._show_bar(progress)
        else:
            self._show_line(progress)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def _show_bar(self, progress: Progress) -> None:
        if self._shown != (progress.stage, progress.total):
            self.close()
            self._shown = (progress.stage, progress.total)
            self._bar = tqdm(
                total=progress.total,
                initial=progress.done,
                desc=progress.stage,
                unit=progress.unit,
                bar_format=_TIME_BAR if progress.unit == "s" else None,
                file=sys.stderr,
                leave=False,
            )
        self._bar.set_postfix_str(_figures(progress), refresh=False)
        self._bar.update(progress.done - self._bar.n)

    def _show_line(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._last_line_at < _LINE_EVERY_S:
            return
        self._last_line_at = now
        kind = ".0f" if progress.total >= 10 else ".2g"  # small pictures are parts of a megatexel
        done, total = f"{progress.done:{kind}}", f"{progress.total:{kind}}"
        amount = f"{done} of {total} {progress.unit}{'' if progress.unit == 's' else 's'}"
        click.echo(", ".join(filter(None, (f"{progress.stage}: {amount}", _figures(progress)))), err=True)


def _figures(progress: Progress) -> str:
    """What a bar or line says beside the amount of work."""
    step = f"step {progress.step}" if progress.unit == "s" else ""
    loss = "" if progress.loss is None else f"loss {progress.loss:.4f}"
    return ", ".join(filter(None, (step, loss)))


def with_preview(display: Display, path: Path | None) -> ProgressCallback:
    """The display, and a picture at `path` that is overwritten with every preview that comes along."""

    def report(progress: Progress) -> None:
        if path is not None and progress.preview is not None:
            try:
                write_image(path, progress.preview)
            except OutputError as error:  # a picture on the side is not worth the run
                display.note(str(error))
        display(progress)

    return report


def one_of(display: ProgressCallback, number: int, pictures: int) -> ProgressCallback:
    """The progress of one picture as a part of all."""

    def report(progress: Progress) -> None:
        display(replace(progress, done=progress.done + number * progress.total, total=progress.total * pictures))

    return report


@contextmanager
def showing(quiet: bool) -> Iterator[Display]:
    """Show progress until the block ends. Ctrl-C (or a polite kill) stops the core at its next report.

    Work stops between two steps, never inside one, so what the core saves is whole. A second Ctrl-C stops at once.
    """
    display = Display(quiet)

    def ask_to_stop(number: int, frame: FrameType | None) -> None:
        if display.stop_asked:
            raise KeyboardInterrupt
        display.stop_asked = True

    before = {number: signal.signal(number, ask_to_stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield display
    finally:
        display.close()
        for number, handler in before.items():
            signal.signal(number, handler)
