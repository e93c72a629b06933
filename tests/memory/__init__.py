"""Questions that are not put twice: not while they are out, and not while their answers are young."""
