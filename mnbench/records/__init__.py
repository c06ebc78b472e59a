"""From finished trainings to values: the record, its contract, and reading it with checks.

In come the four files that one training leaves; out go a :class:`~mnbench.records.record.Record`,
predictions and histories. Nothing here imports torch: evaluation works from records alone.
"""
