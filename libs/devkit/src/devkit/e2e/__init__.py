"""The whole platform on a cluster, with everything done to it that happens to it there."""
