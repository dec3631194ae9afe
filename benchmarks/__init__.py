"""Measurements of speed and cost, each a command with its figure in `README.md`. mdfsync imports none of it."""
