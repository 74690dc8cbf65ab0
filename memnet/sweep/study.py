"""The study in a sweep's folder: Optuna's journal, and which trial a worker takes next.

A trial is being trained exactly while some process holds its lock. One that the journal calls running and nobody holds
was killed; it is taken before a new one. Trials are chosen one at a time, behind the sweep's lock.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..runs.lock import FileLock
from .settings import Sweep

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.samplers import BaseSampler

JOURNAL = "study.journal"
NEEDS = "a sweep needs Optuna: pip install 'convert-caffemodel[train]'"
STARTUP = 10
"""Trials that are drawn at random before the sampler goes by those that are done; Optuna's default."""


def open_study(sweep: Sweep) -> Study:
    """Return the study, which is made where it is missing."""
    try:
        import optuna
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(NEEDS, name=error.name) from None
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(logging.WARNING)
    path = sweep.folder / JOURNAL
    lock = FileLock(sweep.folder / "locks" / "journal")
    with lock:
        _mend(path)
    pruner = optuna.pruners.MedianPruner() if sweep.prune else optuna.pruners.NopPruner()
    with sweep.lock():
        return optuna.create_study(
            study_name="sweep",
            storage=JournalStorage(JournalFileBackend(str(path), lock_obj=lock)),  # type: ignore[arg-type]
            direction="maximize",
            pruner=pruner,
            load_if_exists=True,
        )


def _mend(path: Path) -> None:
    """Cut off a last line that a killed process left unfinished: Optuna would append to it and read no further."""
    if not path.is_file():
        return
    with path.open("r+b") as file:
        content = file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            file.truncate(whole)


@contextmanager
def next_trial(sweep: Sweep, study: Study, trials: int) -> Iterator[Trial | None]:
    """Yield a trial that is ours as long as the block runs, or None where all `trials` are done or taken."""
    with sweep.lock():
        taken = _abandoned(sweep, study) or _new(sweep, study, trials)
    if taken is None:
        yield None
        return
    trial, lock = taken
    try:
        yield trial
    finally:
        lock.release()


def _abandoned(sweep: Sweep, study: Study) -> tuple[Trial, FileLock] | None:
    from optuna import Trial
    from optuna.trial import TrialState

    for frozen in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        lock = sweep.trial_lock(frozen.number)
        if lock.acquire_at_once():
            study.sampler = _sampler(sweep, frozen.number)
            return _suggested(Trial(study, frozen._trial_id), sweep), lock  # noqa: SLF001 - no public way to a running one
    return None


def _new(sweep: Sweep, study: Study, trials: int) -> tuple[Trial, FileLock] | None:
    number = len(study.get_trials(deepcopy=False))
    if number >= trials:
        return None
    lock = sweep.trial_lock(number)
    lock.acquire()
    study.sampler = _sampler(sweep, number)
    return _suggested(study.ask(), sweep), lock


def _sampler(sweep: Sweep, number: int) -> BaseSampler:
    """Return a sampler with the trial's own seed: workers that draw from one seed would draw equal trials."""
    import numpy as np
    from optuna.samplers import TPESampler

    seed = int(np.random.SeedSequence([sweep.seed, number]).generate_state(1)[0])
    return TPESampler(n_startup_trials=STARTUP, seed=seed, constant_liar=True)


def _suggested(trial: Trial, sweep: Sweep) -> Trial:
    """Draw what has not been drawn yet; a killed worker may have left some."""
    for parameter in sweep.parameters:
        _suggest(trial, parameter.key, parameter.distribution())
    return trial


def _suggest(trial: Trial, name: str, distribution: Any) -> None:
    if hasattr(distribution, "choices"):
        trial.suggest_categorical(name, distribution.choices)
        return
    suggest: Any = trial.suggest_int if type(distribution.low) is int else trial.suggest_float
    suggest(name, distribution.low, distribution.high, log=distribution.log)
