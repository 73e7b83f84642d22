"""The page and the HTTP API of `brushwork serve` (extra ``web``). Nothing leaves the machine, nothing is fetched."""
