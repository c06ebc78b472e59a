"""From tables to what people read: Markdown, self-contained HTML, the explorer, numbers in pages.

Open this folder to change what a reader sees. In come a study's tables (CSV) and its plan; out go
``summary.md``, ``claims.md``, ``pages/``, ``explorer.html``, and passages of the README and docs.
The trap: everything is made from tables; no text that mnbench wrote is ever read back.
"""

# Snakemake reads the names each time it parses the workflow: nothing heavy is imported for them.
DOCUMENTS = {
    "claims": "The paper's claims, and the four marks",
    "summary": "Full-size ensembles in order of cost",
}
