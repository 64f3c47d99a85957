"""Answers calls that arrive as lines of JSON on stdin, on stdout, several at a time."""

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

# Calls at a time.
WORKERS = 16

# The class for a status; other 5xx share one, any other status is a plain APIStatusError.
OPENAI_CLASSES = {
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    409: "ConflictError",
    422: "UnprocessableEntityError",
    429: "RateLimitError",
}
ANTHROPIC_CLASSES = OPENAI_CLASSES | {
    402: "PaymentRequiredError",
    503: "ServiceUnavailableError",
    504: "GatewayTimeoutError",
}


def nothing_seen():
    return {
        "text": "",
        "finish": None,
        "usage": None,
        "tools": [],
        "data": None,
        "failure": None,
    }


def failure_of(errors, error, classes=OPENAI_CLASSES):
    """Reads an error of a client; one of the wrong class for its status is foreign."""
    failure = {
        "kind": "foreign",
        "name": type(error).__name__,
        "status": getattr(error, "status_code", None),
        "code": getattr(error, "code", None),
        "message": str(error),
    }
    if isinstance(error, errors.APITimeoutError):
        return failure | {"kind": "timeout"}
    if isinstance(error, errors.APIConnectionError):
        return failure | {"kind": "connection"}
    if not isinstance(error, errors.APIError):
        return failure
    status = failure["status"]
    if status is None or status == 200:
        return failure | {"kind": "stream", "status": None}
    other = "InternalServerError" if status >= 500 else "APIStatusError"
    is_proper = failure["name"] == classes.get(status, other)
    return failure | {"kind": "status" if is_proper else "foreign"}


def serve(abilities, read_failure):
    """Says what it can, then serves `{id, ability, call}`; each answer is `{id, seen}`."""
    writing = threading.Lock()

    def answer(order):
        seen = nothing_seen()
        try:
            abilities[order["ability"]](order["call"], seen)
        except Exception as error:  # whatever a client throws is what the user sees
            seen["failure"] = read_failure(error)
        with writing:
            print(json.dumps({"id": order["id"], "seen": seen}), flush=True)

    print(json.dumps({"abilities": list(abilities)}), flush=True)
    with ThreadPoolExecutor(WORKERS) as pool:
        for line in sys.stdin:
            pool.submit(answer, json.loads(line))
