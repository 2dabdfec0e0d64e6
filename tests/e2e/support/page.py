"""Helpers for tests of the shopper's page."""

from urllib.parse import parse_qs, urlsplit


def parameters(request):
    """Returns the query of a request, by name."""
    return parse_qs(urlsplit(request.url).query, keep_blank_values=True)
