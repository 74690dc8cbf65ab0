"""Lightning without its tips: what it says that is of no use to who trains a network here."""

from __future__ import annotations

import logging
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from lightning.pytorch.utilities.exceptions import SIGTERMException

from .errors import Terminated

_LOGGERS = ("lightning.pytorch", "lightning.fabric", "lightning")
_HINTS = (
    ".*does not have many workers.*",
    ".*in eval mode at the start of training.*",  # a frozen branch is so on purpose
    ".*your dataloader is not resumable.*",  # it is, by its position in the checkpoint
    ".*GPU available but not used.*",
    ".*MPS available but not used.*",
    ".*Checkpoint directory .* exists and is not empty.*",
    ".*will be removed in.*",
    ".*is deprecated.*",
    ".*you should call.*lr_scheduler.step.*",  # float16's first steps, which the scaler leaves out
)


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Keep Lightning's hints from the terminal, and give Ctrl-C back, which Lightning switches off for good."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    main = signal.getsignal(signal.SIGINT)
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            for hint in _HINTS:
                warnings.filterwarnings("ignore", hint)
            yield
    except SIGTERMException as error:  # a SystemExit of code 0, as if the run had ended
        raise Terminated from error
    except SystemExit as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from error
        raise
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        if signal.getsignal(signal.SIGINT) is not main:
            signal.signal(signal.SIGINT, main)
