"""The experiments of the papers, made anew: each writes numbers, figures and a short page (extra `analysis`)."""
