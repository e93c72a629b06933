"""What is true of an enrichment, whoever asks and wherever it runs: no clock, no network, no framework."""
