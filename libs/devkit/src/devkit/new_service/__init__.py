"""A new service from the template in `libs/service-template`: asked for, written, registered."""
