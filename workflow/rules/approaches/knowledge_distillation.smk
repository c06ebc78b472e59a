"""Knowledge Distillation (Hinton, Vinyals, Dean 2015): a teacher's softened outputs as targets."""

from baselines import knowledge_distillation

APPROACHES["knowledge_distillation"] = Approach(
    "knowledge_distillation", knowledge_distillation.Options, knowledge_distillation.lineage
)


use rule training as knowledge_distillation with:
    wildcard_constraints:
        approach="knowledge_distillation",
