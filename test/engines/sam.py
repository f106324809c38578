"""
AWS SAM CLI with a Node process for each function instead of a container. The process gets the container's
folder and variables, and handles one event at a time.
"""

import json
import os
import subprocess
import threading
import uuid
from pathlib import Path
from unittest.mock import MagicMock

from samcli.local.docker import utils

utils.get_validated_container_client = MagicMock()

from samcli.cli.main import cli
from samcli.local.lambdafn.runtime import LambdaRuntime

FUNCTION = Path(__file__).with_name("sam-function.ts")


class Process:
    """The process of a function, instead of its container."""

    def __init__(self, config):
        results, written = os.pipe()
        self.lock = threading.Lock()
        self.results = os.fdopen(results)
        self.process = subprocess.Popen(
            [os.environ["NODE"], FUNCTION, config.code_abs_path, config.handler, str(config.timeout), str(written)],
            env=config.env_vars.resolve(),
            stdin=subprocess.PIPE,
            stdout=2,
            pass_fds=[written],
            text=True,
        )
        os.close(written)

    def call(self, event):
        with self.lock:
            self.process.stdin.write(json.dumps({"id": str(uuid.uuid4()), "event": event}) + "\n")
            self.process.stdin.flush()
            return self.results.readline().rstrip("\n")


processes = {}


def invoke(self, config, event, *_, stdout=None, **__):
    process = processes.get(config.full_path) or processes.setdefault(config.full_path, Process(config))
    stdout.write_str(process.call(event))
    stdout.flush()


LambdaRuntime.invoke = invoke
cli(prog_name="sam")
