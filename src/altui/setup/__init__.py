"""Before the first round: write a config, and check what it names."""
