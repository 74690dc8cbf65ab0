"""One worker of a sweep: takes trials and trains them until there are enough. Any number may work on one folder."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from ..training.errors import TrainingError
from ..training.metrics import NAME, read_metrics
from ..training.places import CHECKPOINTS, LAST
from ..training.run import resume, train
from .settings import Sweep, chosen
from .study import next_trial, open_study
from .table import curve, write_table

if TYPE_CHECKING:
    from optuna import Study, Trial

    from ..training.reporting import Watch
    from ..training.validation import Validation


def work(sweep: Sweep, trials: int, *, quiet: bool = False) -> int:
    """Train until the sweep has that many trials, and return how many this worker ended; others may still be at theirs.

    A trial whose training fails (TrainingError) is kept as failed, with the reason, and the next one is taken.

    Raises:
        CaffeError: what would stop every trial, such as images that cannot be read.
        OSError: the disk is full; the trial goes on when the sweep is started again.
    """
    study, done = open_study(sweep), 0
    while True:
        with next_trial(sweep, study, trials) as trial:
            if trial is None:
                return done
            _finish(study, trial, sweep, quiet=quiet)
        done += 1
        write_table(sweep, study)


def _finish(study: Study, trial: Trial, sweep: Sweep, *, quiet: bool) -> None:
    """Train a trial to its end, from where it is, and tell the study."""
    from optuna import TrialPruned
    from optuna.trial import TrialState

    say = _Say(quiet=quiet)
    say(
        f"trial {trial.number}: {', '.join(f'{key}={value}' for key, value in trial.params.items())}"
    )
    try:
        _train(sweep, trial, _watch(trial), quiet=quiet)
    except TrialPruned:
        study.tell(trial, state=TrialState.PRUNED)
        say(f"trial {trial.number}: pruned, below the median")
        return
    except TrainingError as error:
        if isinstance(error.__cause__, OSError):
            raise
        _fail(study, trial, str(error), say)
        return
    found = curve(read_metrics(sweep.trial_folder(trial.number) / NAME))
    if found.best is None:
        _fail(study, trial, "all scores are equal after every epoch: no rank correlation", say)
        return
    study.tell(trial, found.best)
    say(f"trial {trial.number}: Spearman {found.best:.4f} after epoch {found.best_epoch}")


class _Say:
    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet

    def __call__(self, text: str) -> None:
        from ..cli import note

        if not self.quiet:
            note(text)


def _fail(study: Study, trial: Trial, reason: str, say: _Say) -> None:
    from optuna.trial import TrialState

    trial.set_user_attr("reason", reason)
    study.tell(trial, state=TrialState.FAIL)
    say(f"trial {trial.number}: failed: {reason}")


def _train(sweep: Sweep, trial: Trial, watch: Watch, *, quiet: bool) -> None:
    """Go on from the trial's last checkpoint; without one, begin (again)."""
    folder = sweep.trial_folder(trial.number)
    recipe = chosen(sweep.recipe, trial.params)
    if (folder / CHECKPOINTS / LAST).is_file():
        resume(folder, recipe, watch=watch, quiet=quiet)
        return
    shutil.rmtree(folder, ignore_errors=True)
    train(recipe, (), folder, watch=watch, quiet=quiet)


def _watch(trial: Trial) -> Watch:
    """Return what reports an epoch to the study, and ends the trial where the study prunes it."""
    from optuna import TrialPruned

    reported = set(trial.study.get_trials(deepcopy=False)[trial.number].intermediate_values)

    def watch(found: Validation) -> None:
        if found.spearman is None or found.epoch in reported:
            return
        trial.report(found.spearman, found.epoch)
        if trial.should_prune():
            raise TrialPruned

    return watch
