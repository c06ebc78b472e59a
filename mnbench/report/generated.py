"""The checkout's generated pages: what `mnbench docs` writes and a test compares.

Open this module to generate another page. The trap: the pages with numbers keep their own prose;
only the marked passages are written anew.
"""

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from mnbench.planning.planner import Approach
from mnbench.report.configuration import configuration_pages
from mnbench.report.insides_numbers import Insides
from mnbench.report.numbers import Results
from mnbench.report.outputs import outputs_page
from mnbench.report.passages import fill, read_text
from mnbench.report.run_facts import RunFacts
from mnbench.report.speed import Speed
from mnbench.report.split_numbers import Splits

STUDIES = {
    name: Path("results", folder)
    for name, folder in (
        ("default", "default-run"),  # of its own name: `make` writes results/default
        ("reference", "reference"),
        ("reference_25", "reference-25"),
        ("hundred", "hundred"),
        ("convergence", "convergence"),
        ("families", "families"),
        ("colour", "colour"),
        ("colour_small", "colour-small"),
        ("colour_convergence", "colour-convergence"),
        ("fewer_networks", "fewer"),
        ("scale", "scale"),
        ("improved", "improved"),
        ("improved_25", "improved-25"),
        ("others_best", "improved-others"),
        ("first_search", "search-1"),
        ("second_search", "search-2"),
        ("third_search", "search-3"),
        ("fourth_search", "search-4"),
        ("fifth_search", "search-5"),
        ("sixth_search", "search-6"),
        ("seventh_search", "search-7"),
        ("eighth_search", "search-8"),
        ("pilot", "pilot"),
        ("proposals", "proposals"),
    )
}
PILOTS = {  # by them `mnbench plan --budget` is judged
    "default_splits": STUDIES["default"],
    "pilot_splits": STUDIES["pilot"],
}
WHY = Path("results", "why")  # looked into by `mnbench insides`
RUNS = (*STUDIES.values(), WHY)  # each has a README of its own, with what the run took
BENCHMARKS = Path("benchmarks", "results")  # written by the scripts of benchmarks/
TEMPLATES = Path("workflow/numbers")  # one a page with numbers
PAGES = {
    "README.md": "readme.md.jinja",
    "docs/results.md": "results.md.jinja",
    "docs/improved.md": "improved.md.jinja",
    "docs/insides.md": "insides.md.jinja",
    "docs/performance.md": "performance.md.jinja",
    "benchmarks/README.md": "benchmarks.md.jinja",
}


def generated_pages(checkout: Path, approaches: Mapping[str, ModuleType]) -> dict[Path, str]:
    """Return the text of every generated file by its path in the checkout.

    Args:
        checkout: the folder that holds README.md, docs/, results/ and benchmarks/.
        approaches: the modules of its approaches, by name.

    Raises:
        UserError: a page, a template or a table is missing, or a template asks for a number that
            the tables do not have.
    """
    known = {
        name: Approach(name, module.Options, module.lineage) for name, module in approaches.items()
    }
    results: dict[str, object] = {
        name: Results(checkout / folder) for name, folder in STUDIES.items()
    }
    results |= {name: Splits(checkout / folder, known) for name, folder in PILOTS.items()}
    results["why"] = Insides(checkout / WHY)
    results["speed"] = Speed(checkout / BENCHMARKS)
    pages = {
        Path(page): fill(
            read_text(checkout / page), read_text(checkout / TEMPLATES / template), results
        )
        for page, template in PAGES.items()
    }
    run_template = read_text(checkout / TEMPLATES / "run.md.jinja")
    for folder in RUNS:
        facts = {"run": RunFacts(checkout / folder)}
        page = folder / "README.md"
        pages[page] = fill(read_text(checkout / page), run_template, facts)
    pages[Path("docs/outputs.md")] = outputs_page()
    return pages | configuration_pages(approaches)
