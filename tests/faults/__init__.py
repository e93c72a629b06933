"""What happens to a caller when vendors misbehave."""
