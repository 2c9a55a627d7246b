"""Values without I/O: the Rollout as asked for, its status, hashes, keys, durations. Standard library only."""
