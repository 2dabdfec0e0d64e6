"""Errors of the HTTP API."""


def expect_problem(reply, status, kind, *mentioned):
    """Checks that a reply is a problem of this kind, in the form of RFC 9457."""
    assert reply.status_code == status, f"{reply.status_code}: {reply.text}"
    assert reply.headers["content-type"] == "application/problem+json"
    problem = reply.json()
    assert problem["type"] == f"urn:lookalike:problem:{kind}", problem
    assert problem["status"] == status
    assert problem["title"]
    assert problem["request_id"] == reply.headers["x-request-id"]
    for text in mentioned:
        assert text in problem["detail"], problem["detail"]
    return problem
