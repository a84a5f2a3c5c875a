"""Entries of lists that behave as tests need it; the nodes of a test's cluster import them by name."""

import errno
import time

from texnet_core import atomic
from texnet_core.lists.texture_training import TextureTraining
from texnet_core.lists.workshop import Made, Order
from texnet_core.training import loop


class OnFullDisk(Order):
    """An order whose files find no room."""

    def run(self, place, shared, report):
        def full(path):
            raise OSError(errno.ENOSPC, "No space left on device")

        atomic._flush, flush = full, atomic._flush
        try:
            return super().run(place, shared, report)
        finally:
            atomic._flush = flush


class HeldAtStep5(TextureTraining):
    """A training that saves after each step, and goes past the fifth only once it was taken up again."""

    def run(self, place, shared, report):
        (checkpoint,) = self.keeps
        goes_on = place.read(checkpoint).exists()

        def held(part):
            report(part)
            while part.step == 5 and not goes_on:
                time.sleep(0.1)
                report(part)

        loop.SAVE_EVERY_S = 0.0
        return super().run(place, shared, held)


class TwoSeconds(Order):
    """An order that takes a fixed time and makes nothing, so that all else is the engine's."""

    seconds = 2.0

    def run(self, place, shared, report):
        time.sleep(self.seconds)
        return Made("", is_new=True)


class AtOnce(TwoSeconds):
    """One that takes no time."""

    seconds = 0.0
