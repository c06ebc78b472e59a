"""mnbench: train deep ensembles with MotherNets and its rivals, and compare error with cost.

Open a folder rather than this module: each is a stage, and its docstring says what comes in and
what goes out. The trap: nothing may be imported here, since planning does without torch.
"""
