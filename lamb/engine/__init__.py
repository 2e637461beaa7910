"""Runs invocations: environments, their pool, and what their ends are called."""
