"""Background jobs: launch, identity, progress, reconcile; a job is its folder."""
