"""How long a study will take: a machine's calibration, and from it hours, disk and wall time.

In comes a plan; out go the seconds of every training, a row for every ensemble, and the study that
fits into a time. Open ``kinds`` for what decides the time of a step, ``calibration`` for what is
kept of a machine, ``measuring`` for how it is measured, ``hours`` for what a training takes,
``queueing`` for the wall time, ``within`` for ``mnbench plan --budget 8h``. The trap: only
``measuring`` and ``probing`` may import torch, since a plan is printed in a second.
"""
