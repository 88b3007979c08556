"""The life of a round: propose, approve, annotate, train, evaluate, score; when to stop."""
