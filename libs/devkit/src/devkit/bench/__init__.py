"""Measurements that check their own results and fail when these are wrong."""
