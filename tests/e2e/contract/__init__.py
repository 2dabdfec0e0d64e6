"""Configuration of schemathesis: how to read the OpenAPI document, and which requests to make."""
