"""The checkout that this workflow is of: the folder with its packages and its approaches."""

import os
import shutil
import sys
import tempfile

from contextlib import suppress

from snakemake.sourcecache import HostingProviderFile, LocalGitFile, LocalSourceFile

NEEDED = ["baselines", "mnbench", "workflow", "requirements.lock"]


def repository_of(rules):
    """Return the local copy of the repository that Snakemake reads this workflow from."""
    from git import Repo  # which takes a while, and a checkout has no need of it

    if isinstance(rules, HostingProviderFile):
        return rules.hosted_repo.repo
    if isinstance(rules, LocalGitFile):
        return Repo(rules.repo_path)
    sys.exit(
        f"mnbench: {rules}: rules at an address come without the Python packages that they run; "
        "give the module's `snakefile` as github(...), gitlab(...), gitfile(...) or a checkout's path"
    )


def find_checkout(rules) -> Path:
    """Return the checkout's folder, given the rules' own as Snakemake knows it.

    Snakemake reads a workflow from a repository file by file, and jobs need folders. So the commit
    is written out, once, beside Snakemake's own notes: where the jobs of a cluster see it as well.
    """
    if isinstance(rules, LocalSourceFile):
        return Path(rules).resolve().parents[1]
    repository = repository_of(rules)
    commit = repository.commit(rules.ref).hexsha
    checkout = Path(".snakemake/mnbench", commit).resolve()
    if not checkout.exists():
        checkout.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=checkout.parent) as folder:
            with Path(folder, "commit.zip").open("wb") as archive:
                repository.archive(archive, commit, format="zip", path=NEEDED)
            shutil.unpack_archive(archive.name, Path(folder, commit))
            with suppress(OSError):  # another process was first
                Path(folder, commit).rename(checkout)
    return checkout


def put_first(variable: str, folder: Path) -> None:
    """Put a folder before all others of a search path of this process and its jobs."""
    others = filter(None, os.environ.get(variable, "").split(os.pathsep))
    os.environ[variable] = os.pathsep.join(dict.fromkeys([str(folder), *others]))


# Found from this file, whichever Snakefile is the root.
CHECKOUT = find_checkout(workflow.current_basedir)

# Python imports a package once: a second version's rules would run with the first one's functions.
if (loaded := sys.modules.get("mnbench")) and (CHECKOUT / "mnbench").is_dir():
    if (first := Path(loaded.__file__).resolve().parents[1]) != CHECKOUT:
        sys.exit(
            f"mnbench: one workflow cannot use two versions, of {first} and {CHECKOUT}; use one"
        )

# The approaches are the checkout's own: not installed, and so found here before any other package
# of that name, in this process and in every job.
sys.path.insert(0, str(CHECKOUT))
put_first("PYTHONPATH", CHECKOUT)
# Jobs start `python`: the one that runs this, with its environment active or not.
put_first("PATH", Path(sys.executable).parent)
