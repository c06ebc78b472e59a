"""From records to tables: metrics of combined networks, intervals, tables and claims.

In comes a :class:`~mnbench.records.store.RecordStore`; out go CSV files. Nothing here imports
torch, and nothing here reads text for people: :mod:`mnbench.report` makes that from the tables.
"""
