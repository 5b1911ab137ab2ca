"""What is done to the platform, step by step."""
