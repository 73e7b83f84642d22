"""Export of a trained network as a model folder."""
