"""What every service is, written from what it declares: its OpenAPI document and its page."""
