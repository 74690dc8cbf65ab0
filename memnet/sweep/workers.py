"""Several workers of one command: processes that know nothing of each other but the sweep's folder."""

from __future__ import annotations

import os
import subprocess
import sys

from ..runs.ordered import usable_cpus
from ..training.errors import TrainingError
from .settings import Sweep
from .work import work

WORKER = "import sys; from memnet.sweep.workers import main; sys.exit(main(sys.argv[1:]))"


def work_together(sweep: Sweep, trials: int, workers: int, *, quiet: bool = False) -> None:
    """Work with so many processes, this one included; each has its share of the CPUs.

    Raises:
        TrainingError: another process stopped early; it has said why.
    """
    import torch

    threads = max(1, usable_cpus() // workers)
    if workers > 1:
        torch.set_num_threads(threads)
    command = [sys.executable, "-c", WORKER, str(sweep.folder), str(trials), str(int(quiet))]
    others = [
        subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": str(threads)})  # noqa: S603 - ourselves
        for _ in range(workers - 1)
    ]
    try:
        work(sweep, trials, quiet=quiet)
        codes = [each.wait() for each in others]
    except BaseException:
        for each in (
            others
        ):  # not SIGINT, which the terminal has sent them, too: a second one is a traceback
            each.terminate()
        for each in others:
            each.wait()
        raise
    if any(codes):
        raise TrainingError(
            "a worker stopped early; start the command again to go on with its trial"
        )


def main(arguments: list[str]) -> int:
    """Be another worker."""
    from converter.errors import CaffeError

    from ..cli import fail
    from .settings import read_sweep

    folder, trials, quiet = arguments
    try:
        work(read_sweep(folder), int(trials), quiet=quiet == "1")
    except (CaffeError, ModuleNotFoundError) as error:
        return fail(str(error))
    except OSError as error:
        return fail(f"{error.filename or folder}: {error.strerror or error}")
    except KeyboardInterrupt:
        return 130
    return 0
