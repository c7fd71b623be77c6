"""The executor over HTTP: `python3 server.py`, with APP_DATABASE_URL and EXECUTOR_SECRET set. PORT is 8787 where it is not set."""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from change import executor
from synapsor_executor import BODY_BYTES_MAX

EXECUTOR = executor()


class Endpoint(BaseHTTPRequestHandler):
    timeout = 30

    def do_POST(self):
        try:
            length = int(self.headers.get("content-length", ""))
        except ValueError:
            length = -1
        if 0 <= length <= BODY_BYTES_MAX:
            status, body = EXECUTOR.over_http(dict(self.headers.items()), self.rfile.read(length))
        else:
            status, body = 413, b'{"error": "BODY_TOO_LARGE"}'
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Requests hold values; what is worth logging is the function's to say."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8787"))), Endpoint)
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()
