"""Shared parts of the end-to-end tests: the command, running systems, images, waiting."""
