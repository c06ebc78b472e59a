"""Sets made by a rule: a base, and networks that differ from it in a layer or two."""

import pytest
from support.strategies import dense, network, plain, units

from mnbench.architectures import (
    Architecture,
    Head,
    Layer,
    Plain,
    Stem,
    load_architectures,
)
from mnbench.architectures.families import resnet, vgg
from mnbench.architectures.variants import Rule, variants
from mnbench.errors import UserError
from mnbench.mothernets.construction import incompatibility


def test_variants_by_hand_vary_one_layer_each():
    base = plain([4, (6, 5)], [8], stem=2, name="v")
    made = variants(base, Rule(14, more_filters=0.5, larger_kernel=2))
    expected = {
        "v": base,
        "v_l1_filters": plain([6, (6, 5)], [8], stem=2),
        "v_l1_kernel": plain([(4, 5), (6, 5)], [8], stem=2),
        "v_l1_both": plain([(6, 5), (6, 5)], [8], stem=2),
        "v_l2_filters": plain([4, (9, 5)], [8], stem=2),
        "v_l2_kernel": plain([4, (6, 7)], [8], stem=2),
        "v_l2_both": plain([4, (9, 7)], [8], stem=2),
        "v_l3_filters": plain([4, (6, 5)], [12], stem=2),
        "v_l3_kernel": plain([4, (6, 5)], [(8, 5)], stem=2),
        "v_l3_both": plain([4, (6, 5)], [(12, 5)], stem=2),
        "v_l1_filters2": plain([8, (6, 5)], [8], stem=2),
        "v_l1_kernel2": plain([(4, 7), (6, 5)], [8], stem=2),
        "v_l1_both2": plain([(8, 7), (6, 5)], [8], stem=2),
        "v_l2_filters2": plain([4, (12, 5)], [8], stem=2),
    }
    assert [member.name for member in made] == list(expected)
    assert made == tuple(expected.values())


def test_variants_by_hand_of_two_layers_follow_those_of_one():
    base = plain([4, 8], [8], name="v")
    made = variants(base, Rule(20, layers=2))
    assert made[:10] == variants(base, Rule(10))
    expected = {
        "v_l1_l2_filters": plain([6, 12], [8]),
        "v_l1_l2_kernel": plain([(4, 5), (8, 5)], [8]),
        "v_l1_l2_both": plain([(6, 5), (12, 5)], [8]),
        "v_l2_l3_filters": plain([4, 12], [12]),
        "v_l2_l3_kernel": plain([4, (8, 5)], [(8, 5)]),
        "v_l2_l3_both": plain([4, (12, 5)], [(12, 5)]),
        "v_l1_l3_filters": plain([6, 8], [12]),
        "v_l1_l3_kernel": plain([(4, 5), 8], [(8, 5)]),
        "v_l1_l3_both": plain([(6, 5), 8], [(12, 5)]),
        "v_l1_filters2": plain([8, 8], [8]),
    }
    assert [member.name for member in made[10:]] == list(expected)
    assert made[10:] == tuple(expected.values())


def test_a_units_and_a_dense_layers_variants_keep_what_flows():
    base = network(Plain((Layer(4),)), units(8, 4, 4), dense(2, 2, transition=6), name="h")
    made = variants(base, Rule(16))
    assert len({*made}) == 16 and {incompatibility(base, variant) for variant in made} == {None}
    assert made[4] == network(Plain((Layer(4),)), units(8, 6, 4), dense(2, 2, transition=6))
    assert made[-1] == network(Plain((Layer(4),)), units(8, 4, 4), dense(2, (3, 5), transition=6))
    assert [member.name for member in made][-3:] == ["h_l5_filters", "h_l5_kernel", "h_l5_both"]


def test_variants_differ_however_small_the_step_is():
    made = variants(plain([1, 2]), Rule(60, more_filters=0.01))
    assert len(set(made)) == 60


def test_the_same_rule_makes_the_first_of_a_larger_set():
    assert load_architectures("v100-small")[:25] == load_architectures("v25-small")


def test_only_v100_has_the_base_of_the_authors_demo():
    c, d = load_architectures("v5")[1], vgg(16)
    assert load_architectures("v100")[0].blocks == c.blocks != d.blocks
    assert load_architectures("v25")[0].blocks == d.blocks


def test_a_base_can_be_written_in_both_ways_and_shares(own_set):
    of_family = own_set(
        """
        shared: {head: {hidden: [9]}}
        base: {name: r, family: resnet, depth: 8}
        variants: {networks: 3}
        """
    )
    assert of_family[0] == Architecture(resnet(8).blocks, Stem(filters=16), Head(hidden=(9,)))
    in_full = own_set("{base: {name: v, blocks: [[8]]}, variants: {networks: 2}}")
    assert in_full == (plain([8]), plain([12]))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("{}", "'variants': key 'networks' is missing"),
        ("3", "'variants': expected keys networks, more_filters, larger_kernel, layers, got 3"),
        ("{network: 3}", "'variants': unknown key 'network'; did you mean 'networks'?"),
        ("{networks: 5001}", "'variants': networks must be at most 5,000, got 5,001"),
        ("{networks: 1}", "'variants': networks must be a whole number from 2, got 1"),
        ("{networks: 3.5}", "'variants': networks must be a whole number from 2, got 3.5"),
        ("{networks: 3, more_filters: 0}", "'variants': more_filters must be a number over 0"),
        ("{networks: 3, more_filters: .nan}", "'variants': more_filters must be a number over 0"),
        ("{networks: 3, more_filters: true}", "'variants': more_filters must be a number over 0"),
        ("{networks: 3, more_filters: half}", "'variants': more_filters must be a number over 0"),
        ("{networks: 3, larger_kernel: 1}", "larger_kernel 1 makes even kernels; use an even one"),
        ("{networks: 3, layers: 3}", "'variants': layers must be at most 2, got 3"),
        ("{networks: 3, layers: 0}", "'variants': layers must be a whole number from 1, got 0"),
        ("{networks: 3, larger_kernel: 0}", "'variants': larger_kernel must be a whole number"),
    ],
)
def test_a_bad_rule_is_refused_in_one_line(own_set, rule, expected):
    with pytest.raises(UserError) as caught:
        own_set(f"{{base: {{name: v, blocks: [[8]]}}, variants: {rule}}}")
    message = str(caught.value)
    assert message.startswith("own.yaml: ") and expected in message and "\n" not in message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "{base: {blocks: [[8]]}}",
            "key 'variants' is missing; give members, or base and variants",
        ),
        ("{variants: {networks: 3}}", "key 'base' is missing; give members, or base and variants"),
        ("{members: [], base: {blocks: [[8]]}}", "give either members, or base and variants"),
        ("{base: [[8]], variants: {networks: 3}}", "'base': expected keys name, stem, blocks"),
        ("{base: {name: v, blocks: [[0]]}, variants: {networks: 3}}", "network 'v', block 1, lay"),
        ("{base: 'timm:resnet18', variants: {networks: 3}}", "'timm-resnet18' has no blocks whose"),
        (
            "{base: {name: m, family: mlp, hidden: [8]}, variants: {networks: 3}}",
            "'m' has no block",
        ),
    ],
)
def test_a_bad_base_is_refused_in_one_line(own_set, text, expected):
    with pytest.raises(UserError) as caught:
        own_set(text)
    message = str(caught.value)
    assert message.startswith("own.yaml: ") and expected in message and "\n" not in message
