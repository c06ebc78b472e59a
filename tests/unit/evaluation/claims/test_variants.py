"""Named variants of an approach decide no claim: neither their points nor their networks count."""

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
from support.tiny import config, plan_of

from mnbench.evaluation.claims.evidence import evidence_of

SETTING = ("fashion_mnist", "v5-small")


def evidence(**approaches):
    """The evidence of a plan, every training of which has left a record."""
    plan = plan_of(config() | {"approaches": approaches})
    networks = pd.DataFrame({"record": [str(id) for id in plan.trainings]})
    networks["dataset"], networks["architecture_set"] = SETTING
    details = SimpleNamespace(details={"hatching_difference": 0.0})
    store = SimpleNamespace(plan=plan, record=lambda id: details)
    gains = pd.DataFrame(columns=["dataset", "architecture_set"])
    (found,) = evidence_of({SETTING: []}, networks, gains, store, "training_flops")
    return found


def test_the_networks_of_a_named_variant_are_no_evidence():
    kept = {"kept": {"hatched": {"keep": 0.5}}}
    plain = evidence(mothernets={"g": [1]})
    varied = evidence(mothernets={"g": [1], "variants": kept})
    assert len(varied.plan.trainings) == 11
    assert list(varied.networks["record"]) == list(plain.networks["record"])
    assert set(varied.hatching) == set(plain.hatching)


def test_shorter_hatched_networks_are_the_approachs_own():
    shorter = evidence(mothernets={"g": [1], "hatched": {"epochs": 2, "budgets": [0.5, 1]}})
    assert len(shorter.networks) == len(shorter.plan.trainings) == 11


def test_a_set_that_a_variant_cannot_train_is_not_left_out_by_the_approach():
    found = evidence(full_data=None, treenets={"variants": {"deep": {"shared_layers": 12}}})
    assert [out.variant for out in found.plan.left_out] == ["deep"]
    assert found.approaches == set()  # no point was given, and TreeNets are not left out
    own = replace(found.plan.left_out[0], variant="")
    alone = replace(found, plan=replace(found.plan, left_out=(own,)))
    assert alone.approaches == {"treenets"}
