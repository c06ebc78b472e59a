"""The doctor: whether a checkout and its machine can run studies, and what they would use.

In comes the machine as it is; out go values of :class:`~mnbench.doctor.diagnosis.Diagnosis`, a line
each. Open ``examination`` to add a check, and ``versions``, ``machine`` or ``checkout_checks`` to
change one. The trap: what is looked for may be missing or broken, torch included. So nothing is
imported at the top that a broken environment may lack, and torch is tried in its own process.
"""
