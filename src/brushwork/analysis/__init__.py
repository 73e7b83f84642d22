"""Reproductions of the papers' experiments, which write numbers, figures and a short page (extra `analysis`)."""
