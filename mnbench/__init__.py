"""mnbench: train deep ensembles with MotherNets and its rivals, and compare error with cost."""
