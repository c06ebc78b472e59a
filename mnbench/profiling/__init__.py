"""Profiles: where the time of a training goes, measured on this machine.

In come a network, images and a recipe; out comes a table. ``steps`` trains with the real loop,
``kinds`` sorts what torch computed, ``peak`` measures what the machine can do at best, and
``breakdown`` puts it into words. Open ``kinds`` when an operator is counted where it does not
belong. The trap: a profiler slows what it watches, so that speeds come from a run without it.
"""
