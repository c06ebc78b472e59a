"""Whether the checkout is whole: the package in use, its data, its state in git, its folders.

Open it to change what `mnbench doctor` says of a checkout. The trap: a study may be run in another
folder than the checkout (`snakemake --directory`), so results are looked for in the working one.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from mnbench.doctor.diagnosis import OK, PROBLEM, REMARK, Diagnosis

WRITTEN = ("results", "logs", ".snakemake")  # below the working directory
LONGEST_CALL = 10.0  # for git, on a slow disk


def check_package(checkout: Path) -> Diagnosis:
    """Return whether the package in use is the checkout's own."""
    import mnbench

    used = Path(mnbench.__file__).resolve().parents[1]
    if used != checkout.resolve():
        text = f"mnbench is imported from {used}, not from this checkout"
        remedy = f"run `pip install --no-deps -e {checkout}`, or use that one's environment"
        return Diagnosis(PROBLEM, "checkout", f"{checkout}: {text}", remedy)
    return Diagnosis(OK, "checkout", str(checkout))


def check_snakemake() -> Diagnosis:
    """Return whether the shell finds the environment's Snakemake."""
    there = shutil.which("snakemake")
    folder = Path(sys.executable).parent
    if there is None or Path(there).parent.resolve() != folder.resolve():
        text = f"the shell finds {there or 'none'}, not the one beside {sys.executable}"
        remedy = f"type `source {folder / 'activate'}`, or {folder / 'snakemake'}"
        return Diagnosis(REMARK, "snakemake", text, remedy)
    return Diagnosis(OK, "snakemake", there)


def check_folders(working: Path) -> Diagnosis:
    """Return whether a study's folders can be written."""
    from mnbench.files import why_no_folder

    faults = [why for name in WRITTEN if (why := why_no_folder(working / name))]
    if faults:
        remedy = "mend that, or run snakemake in another folder"
        return Diagnosis(PROBLEM, "folders", "; ".join(faults), remedy)
    return Diagnosis(OK, "folders", f"{', '.join(WRITTEN)} can be written in {working}")


def check_git(checkout: Path) -> Diagnosis:
    """Return the commit, and whether files differ from it."""
    try:
        commit = _git(checkout, "rev-parse", "--short", "HEAD")
        changed = len(_git(checkout, "status", "--porcelain", "--untracked-files=no").splitlines())
    except (OSError, subprocess.SubprocessError) as error:
        why = "git is missing" if isinstance(error, FileNotFoundError) else "no commit can be told"
        remedy = "say in a run's README what code it ran"
        return Diagnosis(REMARK, "git", why, remedy)
    if changed:
        text = f"{changed} file{'s' * (changed != 1)} differ from commit {commit}"
        return Diagnosis(REMARK, "git", text, "commit before a run that is to be reported")
    return Diagnosis(OK, "git", f"commit {commit}, nothing changed")


def _git(checkout: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(checkout), *arguments],
        capture_output=True,
        text=True,
        timeout=LONGEST_CALL,
        check=True,
    )
    return done.stdout.strip()


def check_bundled_data() -> list[Diagnosis]:
    """Return whether the data sets that come with the package are whole, by their checksums."""
    from mnbench.datasets.bundled import NAMES, folder_of, load_bundled
    from mnbench.errors import UserError

    diagnoses = []
    for name, stems in NAMES.items():
        try:
            images = sum(len(load_bundled(folder_of(name), stem).labels) for stem in stems.values())
            diagnoses.append(Diagnosis(OK, "data", f"{name}: {images:,} images, as published"))
        except UserError as error:
            diagnoses.append(Diagnosis(PROBLEM, "data", str(error)))
    return diagnoses


def check_downloads(root: Path) -> list[Diagnosis]:
    """Return which of the other data sets lie in the default folder, or how to get them.

    Their checksums are compared when a study reads them.

    Args:
        root: the folder that a configuration's ``data.root`` is by default.
    """
    from mnbench.datasets.downloaded import SOURCES, check_downloaded
    from mnbench.errors import UserError

    diagnoses = []
    for name, source in SOURCES.items():
        try:
            check_downloaded(source, root, download=False)
            diagnoses.append(Diagnosis(OK, "data", f"{name}: in {root}/"))
        except UserError:
            text = f"{name}: not in {root}/, needed by studies of it alone"
            remedy = f"data.download: true fetches it from {source.address}, or set data.root"
            diagnoses.append(Diagnosis(REMARK, "data", text, remedy))
    return diagnoses
