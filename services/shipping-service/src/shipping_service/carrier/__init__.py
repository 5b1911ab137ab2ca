"""The carrier: the port that the service works with, and a carrier that is simulated."""
