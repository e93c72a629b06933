"""One file, one vendor. See `base` for the shape and `registry` for how the files are found."""
