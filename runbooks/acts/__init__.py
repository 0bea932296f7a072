"""Everything that a runbook can make so. One module a theme."""
