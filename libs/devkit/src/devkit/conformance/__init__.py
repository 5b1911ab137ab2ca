"""What every service of the platform keeps to, as tests.

All services that are installed are held to it, on one running platform:

    pytest --pyargs devkit.conformance

A service that is added is found by its entry point and held to the same.
"""
