"""Measurements of speed and cost, each a command with its figure in `docs/performance.md`. mdfsync imports none."""
