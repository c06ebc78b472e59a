"""Why hatching works: what is inside the networks of a study, measured from its records.

In come a plan, its records, and the training and validation images; out go three tables and a
figure. Open ``replicas``, ``gradients`` or ``barriers`` for what is measured of a network, and
``hatched``, ``pairs`` or ``ensembles`` for the table that has it. The trap: nothing is trained here
and no test image is opened, so that a method may be chosen by what is seen.
"""
