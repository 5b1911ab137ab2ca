"""Programs of other systems doing the same work; each runs in an environment of its own."""
