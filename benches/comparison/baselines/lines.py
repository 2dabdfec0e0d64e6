"""One JSON object per line in and out, like lookalike's worker."""

import json
import sys


def serve(operations):
    """Answers until the input ends. `operations` maps a name to a function of the other fields."""
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = operations[request.pop("op")](**request)
        except Exception as error:  # Reports the error to the harness, and stops.
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)
