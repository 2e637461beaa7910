"""What functions print, and what the platform says of their runs."""
