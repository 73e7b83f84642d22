"""Stylising clips: decoding, rendering, stabilising and encoding, with sound (extra ``video``)."""
