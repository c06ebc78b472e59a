"""From finished trainings to values: the record, its contract, and reading it with checks.

In come the four files that one training leaves; out go a :class:`~mnbench.records.record.Record`,
predictions and histories. Open ``record`` for the contract, ``store`` for reading. The trap:
nothing here may import torch, since evaluation works from records alone.
"""
