"""Environment variables at rest: the only place that knows cryptography."""
