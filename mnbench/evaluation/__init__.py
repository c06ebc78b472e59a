"""From records to tables: metrics of combined networks, intervals, tables and claims.

In comes a :class:`~mnbench.records.store.RecordStore`; out go CSV files. Open
``evaluate`` for what is computed of one ensemble, ``points`` for what is compared, ``tables`` for
what is written. The trap: nothing here may import torch or read text for people, which
:mod:`mnbench.report` makes from the tables.
"""
