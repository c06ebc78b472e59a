"""Let the built documentation show the committed figures, which lie outside of docs/.

On a forge a page shows ``../results/…/figure.png``. MkDocs knows files below docs/ only, so the
figures join the site as generated files, and their links lose the ``../``.
"""

from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add every committed figure to the site."""
    root = Path(config.config_file_path).parent
    for figure in sorted(root.glob("results/*/figures/**/*.png")):
        source = str(figure.relative_to(root))
        files.append(File.generated(config, source, abs_src_path=str(figure)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Return a page's text with links to figures inside the site."""
    return markdown.replace("](../results/", "](results/")
