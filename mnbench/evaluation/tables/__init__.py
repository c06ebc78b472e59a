"""The tables of a study, a module a table."""
