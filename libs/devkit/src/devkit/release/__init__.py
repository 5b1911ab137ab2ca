"""Rehearsing a release: everything that it would publish is made and tried, and nothing leaves."""
