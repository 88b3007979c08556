"""`.altui/state.db`: SQLite through sqlite-utils, append-only."""
