"""Requests with sessions, browser headers and media types of this gateway, and a check for undeclared headers."""

import atexit
import json
import os
from collections import Counter
from pathlib import Path
from random import Random
from urllib.request import urlopen

import schemathesis

document = json.loads(Path(__file__).parents[2].joinpath("docs/openapi.json").read_text())
identity = os.environ["IDENTITY"]
origin = os.environ["ORIGIN"]
random = Random(1)

# Headers of HTTP itself and of API Gateway. Other checks compare the media type.
undocumented = {"apigw-requestid", "connection", "content-length", "content-type", "date", "keep-alive"}


def issued():
    """A new session for every request, because a request may be a logout."""
    with urlopen(f"{identity}/_control", json.dumps({"do": "issue", "claims": {}}).encode()) as answer:
        return json.load(answer)["token"]


def sessions(token):
    return [{"Authorization": f"Bearer {token}"}, {"Cookie": f"imidToken={token}"}, {"Authorization": "Bearer x"}, {}]


readers = ["*/*", "application/json", "application/problem+json", "application/health+json", "text/html"]
pages = [
    {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "cross-site"},
    {"Origin": origin},
    {},
]


def put(values, token):
    """Replaces most values by valid ones. Otherwise nearly every request fails at its first parameter."""
    good = {"org": "demo", "callback": "/article", "serviceCallback": "/article", "imid_token": token, "unit": "north"}
    for name in list(values) if isinstance(values, dict) else []:
        if name in good and random.random() < 0.8:
            values[name] = good[name]
        if name in ("login", "permission", "sub") and random.random() < 0.6:
            del values[name]


@schemathesis.hook
def before_call(context, case, kwargs):
    token = issued()
    if case.meta is None or case.meta.generation.mode.is_positive:
        for values in (case.query, case.path_parameters, case.body):
            put(values, token)
    said = {**random.choice(sessions(token)), **random.choice(pages), "Accept": random.choice(readers)}
    for name, value in said.items():
        if name not in case.headers or random.random() < 0.8:
            case.headers[name] = value


@schemathesis.check
def undeclared_header(context, response, case):
    operation = document["paths"].get(case.operation.path, {}).get(case.method.lower())
    if operation is None or str(response.status_code) not in operation["responses"]:
        return
    declared = operation["responses"][str(response.status_code)].get("headers", {})
    known = undocumented | {name.lower() for name in declared}
    strays = sorted({name.lower() for name in response.headers} - known)
    assert not strays, f"not in the document: {', '.join(strays)}"


answered = Counter()


@schemathesis.hook
def after_call(context, case, response):
    answered[f"{case.method} {case.operation.path} {response.status_code}"] += 1


@atexit.register
def tell():
    Path(os.environ["ANSWERED"]).write_text(json.dumps(answered))
