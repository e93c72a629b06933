"""What processes share: in memory, over Valkey, and while Valkey is away."""
