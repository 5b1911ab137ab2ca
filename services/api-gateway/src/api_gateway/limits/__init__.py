"""How often somebody may ask, in each replica: counts are in its memory, and shared with nobody."""
