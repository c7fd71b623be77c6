"""The executor as a command: one request on standard input, one answer on standard output."""

import sys

from change import executor

sys.stdout.buffer.write(executor().over_stdio(sys.stdin.buffer.read()) + b"\n")
