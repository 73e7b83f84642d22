"""Work on a Ray cluster: parts of data sets, and pairs of an evaluation (extra ``ray``)."""
