"""A record with every key, for tests to write, damage and read."""

from mnbench.planning.training_id import TrainingId
from mnbench.records.record import Cost, Record

EXAMPLE = Record(
    id=TrainingId("fashion_mnist", "v5-small", 0, "mothernets", "v13_from_v13+v16"),
    approach="mothernets",
    role="member",
    networks=({"name": "v13", "id": "0" * 12, "parameters": 7, "architecture": {"blocks": []}},),
    dataset="fashion_mnist",
    seed=2**62,
    recipe={"epochs": 4},
    recipe_hash="f" * 16,
    parents=(TrainingId("fashion_mnist", "v5-small", 0, "mothernets", "mothernet_v13+v16"),),
    cost=Cost(4.0, 1200, 10**15, 1.25, 1.5, 10**9),
    environment={"device": "cpu"},
    details={
        "hatching_difference": 1e-7,
        "error_before_noise": 0.122,
        "error_after_noise": 0.134,
    },
)
