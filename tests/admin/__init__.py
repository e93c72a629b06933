"""What operators do: over the wire of `/admin/v1`, and by commands."""
