"""The words for a way to hatch, which leave out the epochs and nothing else."""

from support.tiny import config, plan_of

from mnbench.insides.manners import manners, without_common_parts


def named(variants, **options):
    """Return the manner of each member, by the variant that has it."""
    values = config()
    values["recipe"] = {"epochs": 4, "batch_size": 64}
    values["approaches"] = {"mothernets": {"g": [1], "variants": variants, **options}}
    plan = plan_of(values)
    words = manners(plan)
    return {
        ensemble.variant: words[ensemble.members[-1]]
        for ensemble in plan.ensembles
        if ensemble.size == 5
    }


def test_epochs_are_no_part_of_a_manner():
    found = named(
        {
            "early": {"mothernet": {"epochs": 1}},
            "trunk": {"mothernet": {"schedule": {"name": "constant"}}},
            "short": {"hatched": {"epochs": 1}},
            "far": {"hatched": {"keep": 0.5}},
        }
    )
    plain = "cosine MotherNet, noise 0.1"
    assert found == {
        "": plain,
        "early": plain,
        "short": plain,
        "trunk": "constant MotherNet, noise 0.1",
        "far": f"{plain}, keep 0.5",
    }


def test_what_the_words_do_not_say_is_numbered():
    found = named({"slow": {"recipe": {"optimiser": {"learning_rate": 0.01}}}})
    assert found[""] == "cosine MotherNet, noise 0.1"
    assert found["slow"] == "cosine MotherNet, noise 0.1, recipe 2"


def test_all_cycles_of_a_member_have_its_manner():
    values = config()
    values["recipe"] = {"epochs": 4, "batch_size": 64}
    values["approaches"] = {"mothernets": {"g": [1], "hatched": {"epochs": 2, "snapshots": 2}}}
    assert set(manners(plan_of(values)).values()) == {"cosine MotherNet, noise 0.1"}


def test_only_members_that_descend_from_a_mothernet_have_a_manner():
    plan = plan_of(config())
    words = manners(plan)
    assert words
    assert {id.approach for id in words} == {"mothernets"}
    assert {plan.trainings[id].role for id in words} == {"member"}


def test_one_manner_alone_keeps_its_words():
    assert without_common_parts(["a, b"]) == {"a, b": "a, b"}
    assert without_common_parts(["a, b", "a, b, c"]) == {"a, b": "a", "a, b, c": "c"}
