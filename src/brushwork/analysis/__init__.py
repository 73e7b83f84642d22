"""The experiments of the papers, created again: each writes numbers, figures and a short page (extra `analysis`)."""
