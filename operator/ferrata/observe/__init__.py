"""From the cache to a snapshot: the only place where raw objects of the API become values of the core."""
