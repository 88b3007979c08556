"""Whether a decoded mask can be believed: each check, and the examination that runs them all."""
