"""Languages: which interpreters this host has, and what an environment of each looks like."""
