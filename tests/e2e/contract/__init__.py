"""What schemathesis is told: how to read the OpenAPI document, and what to ask of the service."""
