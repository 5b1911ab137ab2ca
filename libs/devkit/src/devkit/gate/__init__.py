"""The compatibility gate over a repository: its contracts against those of other revisions."""
