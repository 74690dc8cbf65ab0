"""Many pictures to many scores: sources, threads, files, shards and engines, and what lets a run go on."""
