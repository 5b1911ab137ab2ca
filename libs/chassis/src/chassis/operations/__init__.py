"""What an operator does to a service's messages, by the command line."""
