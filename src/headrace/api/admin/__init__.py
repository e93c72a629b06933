"""The wire of operators: everything under `/admin/v1`."""
