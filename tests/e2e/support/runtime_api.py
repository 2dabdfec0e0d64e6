"""Lambda's runtime API for one process: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html"""

import json
import queue
import time
import uuid

from support.http_server import Handler, Server

POLL = 0.05


class RuntimeApi(Server):
    """Hands events to a process and takes its answers; a process that is started again needs another one."""

    def __init__(self, now=time.time):
        self.events, self.answers = queue.Queue(), queue.Queue()
        # The time as the process sees it.
        self.now = now
        super().__init__(_Runtime, self)

    def send(self, event, seconds):
        """Hands over an event, to be handled in so many seconds; returns the id of the invocation."""
        request = str(uuid.uuid4())
        self.events.put((request, event, seconds))
        return request

    def answer(self, request):
        """Returns the answer to an invocation if it comes within a moment; drops those to earlier ones."""
        try:
            answered, answer = self.answers.get(timeout=POLL)
        except queue.Empty:
            return None
        return answer if answered == request else None


def variables(name, api, memory=1769):
    """Returns what Lambda sets in the environment of a function."""
    return {
        "AWS_LAMBDA_RUNTIME_API": api.address,
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory),
        "AWS_LAMBDA_LOG_GROUP_NAME": name,
        "AWS_LAMBDA_LOG_STREAM_NAME": name,
    }


class _Runtime(Handler):
    def do_GET(self):
        while not self.server.closed:
            try:
                request, event, seconds = self.server.events.get(timeout=POLL)
            except queue.Empty:
                continue
            deadline = self.server.now() + seconds
            headers = [
                ("Content-Type", "application/json"),
                ("Lambda-Runtime-Aws-Request-Id", request),
                ("Lambda-Runtime-Deadline-Ms", str(int(deadline * 1000))),
                ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:tested"),
            ]
            return self.reply(200, json.dumps(event).encode(), headers)

    def do_POST(self):
        # .../invocation/<request>/response, or .../error
        request = self.path.split("/")[-2]
        self.server.answers.put((request, json.loads(self.body())))
        self.reply(202)
