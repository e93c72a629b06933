"""Carries out enrichments: puts the waterfall's questions to vendors, within limits, deadlines and money."""
