"""The wire: what clients send and receive. Odd names and vocabularies stand here and nowhere else."""
