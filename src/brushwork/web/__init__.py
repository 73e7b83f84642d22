"""The page and the HTTP API of `brushwork serve` (extra ``web``). It sends nothing and fetches nothing elsewhere."""
