"""Storage, over every backend; real files, real processes."""
