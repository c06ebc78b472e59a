"""Figures: one module each, whose ``draw`` turns tidy tables into a figure. No torch here."""
