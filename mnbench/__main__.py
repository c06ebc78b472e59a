"""``python -m mnbench``: the steps of the pipeline that are not training."""
