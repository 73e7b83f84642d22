"""Serves a page on this machine that shows the live pastiche as a stream of JPEG pictures."""

import html
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any

from PIL import Image as Pillow

from brushwork.errors import UserError
from brushwork.images.levels import quantise
from brushwork.live.loop import Shown

HOST = "127.0.0.1"  # not reachable from other machines
PORT = 8460
QUALITY = 85
BOUNDARY = "pastiche"
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>brushwork live</title><style>
body {{ margin: 0; background: #111; color: #ddd; font: 15px/1.4 system-ui, sans-serif; text-align: center }}
img {{ max-width: 100%; max-height: 85vh; display: block; margin: 0 auto }}
button {{ font: inherit; margin: .2em; padding: .3em .8em }}
</style></head><body>
<img src="/stream" alt="The live pastiche">
<p id="line" role="status">&nbsp;</p>
<p>{buttons}</p>
<script>
const choose = number => fetch("/style/" + number, {{method: "POST"}});
document.querySelectorAll("button").forEach((button, number) => button.onclick = () => choose(number));
document.onkeydown = event => {{ if (event.key >= "1" && event.key <= "9") choose(event.key - 1); }};
setInterval(async () => {{
  const answer = await fetch("/status");
  document.querySelector("#line").textContent = (await answer.json()).line;
}}, 500);
</script></body></html>
"""


class MJPEG:
    """Serves the live pastiche on 127.0.0.1.

    Args:
        names: The styles, shown as buttons and chosen by number keys.
        port: Port of the page; 0 picks a free one.

    Raises:
        UserError: If the port is taken.
    """

    def __init__(self, names: tuple[str, ...], port: int = PORT) -> None:
        self.names = names
        self.changed = threading.Condition()
        self.jpeg, self.line, self.count, self.ended = b"", "", 0, False
        self._pressed: int | None = None
        try:
            self._server = ThreadingHTTPServer((HOST, port), type("Handler", (_Handler,), {"screen": self}))
        except OSError as error:  # the server has closed its socket
            raise UserError(f"cannot serve on port {port}: {(error.strerror or str(error)).lower()}") from None
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self.address = f"http://{HOST}:{self.port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def show(self, shown: Shown) -> None:
        """Send a pastiche to all viewers."""
        file = BytesIO()
        Pillow.fromarray(quantise(shown.pastiche, 8)).save(file, "JPEG", quality=QUALITY)
        with self.changed:
            self.jpeg, self.line = file.getvalue(), shown.line
            self.count += 1
            self.changed.notify_all()

    def press(self, number: int) -> None:
        """Record that a style was chosen."""
        self._pressed = number

    def pressed(self) -> int | None:
        """See `Screen.pressed`."""
        number, self._pressed = self._pressed, None
        return number

    def close(self) -> None:
        """End all streams and stop the server."""
        with self.changed:
            self.ended = True
            self.changed.notify_all()
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    screen: MJPEG

    def do_GET(self) -> None:
        """Send the page, the stream or the status."""
        if not self._is_local():
            return
        if self.path == "/":
            names = enumerate(map(html.escape, self.screen.names), 1)
            buttons = "".join(f"<button>{number} {name}</button>" for number, name in names)
            self._respond("text/html; charset=utf-8", PAGE.format(buttons=buttons).encode())
        elif self.path == "/status":
            self._respond("application/json", json.dumps({"line": self.screen.line}).encode())
        elif self.path == "/stream":
            self._stream()
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        """Choose a style."""
        number = self.path.removeprefix("/style/")
        if not self._is_local():
            return
        if not self.path.startswith("/style/") or not number.isdecimal() or int(number) >= len(self.screen.names):
            self.send_error(404)
            return
        self.screen.press(int(number))
        self._respond("application/json", b"{}")

    def _is_local(self) -> bool:
        """Return whether the request is for this machine and from this page; other sites are refused."""
        hosts = {f"{name}:{self.screen.port}" for name in (HOST, "localhost")}
        origin = self.headers.get("Origin")
        if self.headers.get("Host") in hosts and (origin is None or origin.removeprefix("http://") in hosts):
            return True
        self.send_error(403)
        return False

    def _respond(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        """Send each new picture until the viewer disconnects; a slow viewer misses some."""
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        sent, screen = 0, self.screen
        try:
            while True:
                with screen.changed:
                    while screen.count <= sent and not screen.ended:
                        screen.changed.wait()
                    if screen.ended:
                        return
                    jpeg, sent = screen.jpeg, screen.count
                head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            return

    def log_message(self, format: str, *values: Any) -> None:  # noqa: A002
        """Log nothing, because the terminal shows the latency."""
