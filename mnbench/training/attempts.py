"""Attempts: whether a cluster runs a training's job once more if it fails.

Snakemake's main process knows how often it submits a job again, and says so in its environment,
which a cluster hands on. The rule ``training`` says which attempt a job is. Without either it is
the last one.

Open it when a killed training is not tried again. The trap: a scheduler that starts a job again by
itself (a requeue) counts no attempt.
"""

import os

JOB_ATTEMPTS = "MNBENCH_ATTEMPTS"  # the environment variable: how often a job may run at the most
JOB_ATTEMPT = "MNBENCH_ATTEMPT"  # which of them this one is, from 1; set in training.smk


def tell_attempts(attempts: int) -> None:
    """Tell all jobs of this process how often each may run: once on this machine."""
    os.environ[JOB_ATTEMPTS] = str(attempts)


def is_last_attempt() -> bool:
    """Return whether nobody runs this job again if it fails."""
    attempts, attempt = (os.environ.get(name, "") for name in (JOB_ATTEMPTS, JOB_ATTEMPT))
    if not (attempts.isdecimal() and attempt.isdecimal()):
        return True
    return int(attempt) >= int(attempts)
