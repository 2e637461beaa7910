"""The use cases, one verb a function: the only place that combines store, secrets, packages and engine."""
