"""The same work on a cluster: parts of data sets, and pairs of an evaluation, on Ray (extra ``ray``)."""
