"""The paper's claims: what each requires, what was measured, and the verdict.

Open this folder to add a claim or to see why one got its verdict. ``claims.yaml`` lists the claims;
``quantities`` names what measures them, with ``equal``, ``hatched`` and ``fronts``; ``four_marks``
grades the approaches. In comes :class:`~mnbench.evaluation.claims.evidence.Evidence`; out go the
tables ``claims``, ``verdicts`` and ``marks``. The trap: a claim is reproduced only if the whole
interval is on its side.
"""
