"""http.server and http.client: two requests over a kept connection, one over its own."""

from __future__ import annotations

import http.client
import http.server
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers GET with a short text."""

    protocol_version = "HTTP/1.1"
    timeout = 4

    def do_GET(self) -> None:
        """Send the path back."""
        body = self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Run both ends."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    kept = http.client.HTTPConnection(*server.server_address, timeout=4)
    for path in ("/one", "/two"):
        kept.request("GET", path)
        if kept.getresponse().read() != path.encode():
            raise SystemExit(1)
    kept.close()
    single = http.client.HTTPConnection(*server.server_address, timeout=4)
    single.request("GET", "/three", headers={"Connection": "close"})
    if single.getresponse().read() != b"/three":
        raise SystemExit(1)
    server.shutdown()
    thread.join()
    server.server_close()


if __name__ == "__main__":
    main()
