"""What an operator does: one set of use cases for the commands and for `/admin/v1`."""
