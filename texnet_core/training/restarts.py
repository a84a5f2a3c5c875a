"""What becomes of a run that went wrong: it starts again from other parameters, with a lower rate, or gives up."""

from texnet_core.training.checkpoint import RunState

_MOST_RESTARTS = 2
_LR_SHARE = 0.3  # of the learning rate before
_LEAST_BUDGET = 0.2  # of the whole; with less, a restart would not learn the surface


def lr_share(restart: int) -> float:
    """Share of the learning rate that is left after so many restarts."""
    return _LR_SHARE**restart


def fraction_since_restart(state: RunState, fraction: float) -> float:
    """Share of what is spent of the budget that was left when the run last began.

    Args:
        state: of the run.
        fraction: of the whole budget that is spent.
    """
    return (fraction - state.restart_fraction) / (1 - state.restart_fraction)


def restarted(state: RunState, fraction: float) -> RunState | None:
    """The state of the next restart, which has what is left of the budget; None where there is none.

    Args:
        state: of the run as it went wrong.
        fraction: of the whole budget that is spent.
    """
    if state.restart == _MOST_RESTARTS or fraction > 1 - _LEAST_BUDGET:
        return None
    return RunState(
        state.precision,
        step=state.step,
        elapsed_s=state.elapsed_s,
        restart=state.restart + 1,
        restart_step=state.step,
        restart_fraction=fraction,
        warnings=state.warnings,
        balance=state.balance,
    )
