"""Several processes, on one machine, as one server."""
