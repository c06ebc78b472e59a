"""From records to tables: metrics of combined networks, tidy tables, fronts. No torch here."""
