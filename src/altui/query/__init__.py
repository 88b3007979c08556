"""From score components to the next batch of slices: pure functions, numpy only."""
