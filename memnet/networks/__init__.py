"""The networks beside MemNet itself: narrower, rebuilt, ResMem, TripleMem; by name, trained, or as faster twins."""
