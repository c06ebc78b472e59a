"""The paper's claims: what each requires, what was measured, and the verdict."""
