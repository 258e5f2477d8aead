"""The web server: Streamlit's app with our routes, a strict content policy, and compression."""

from __future__ import annotations

import base64
import ctypes
import gc
import hashlib
import os
import re
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from time import sleep
from urllib.parse import urlsplit

import click
import pyarrow
import streamlit as st
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.web.server.starlette import starlette_server

from geoapp.core.mapspec import BaseMap
from geoapp.errors import GeoappError
from geoapp.store.files import display_file, store_root
from geoapp.ui import cache, documents
from geoapp.ui.served import WORKSPACE_VARIABLE, uploads_allowed
from geoapp.workspace.opening import embedded_workspace, open_workspace

FOR_EVER = "public, max-age=31536000, immutable"
# nothing but a host: what follows a semicolon would be a rule of its own in the content policy
_HOST = re.compile(r"(https://(?:\*\.)?[A-Za-z0-9.-]+(?::\d+)?)(?:[/?#]|$)")
_GZIP_FROM_BYTES = 1024
# a twelfth more bytes than the highest level, in a fifth of the time; every first page is 5 MB
_GZIP_LEVEL = 4
_START_TRIES = 150
# M_ARENA_MAX and M_TRIM_THRESHOLD of malloc.h
_MALLOC_SETTINGS = ((-8, 2), (-1, 100_000))
_LAYER_HEADERS = {
    ".geojson": {"content-type": "application/geo+json"},
    # compressed tile by tile, and asked for by where they lie: Streamlit's own compression and
    # ours leave alone what tells its encoding
    ".pmtiles": {"content-type": "application/vnd.pmtiles", "content-encoding": "identity"},
}


def serve(
    workspace: Path, *, host: str, port: int, open_browser: bool, allow: Sequence[str] = ()
) -> None:
    """Serve a workspace until the process is stopped.

    Parameters
    ----------
    workspace
        Its root folder.
    host, port
        Where to listen.
    open_browser
        Whether to open the page in the user's browser.
    allow
        What readers may do to the workspace: variables of `geoapp.ui.served`.
    """
    os.environ.update(dict.fromkeys(allow, "1"))
    os.environ[WORKSPACE_VARIABLE] = str(workspace)
    _give_memory_back()
    send_at_once()
    app = create_app(open_workspace(workspace).base_maps)
    url = f"http://{'localhost' if host in ('127.0.0.1', '0.0.0.0', '::') else host}:{port}"  # noqa: S104
    click.echo(f"geoapp shows {workspace} at {url}  (stop with Ctrl+C)")
    if open_browser:
        threading.Thread(target=_open_when_ready, args=(url,), daemon=True).start()
    threading.Thread(target=_get_ready, daemon=True).start()
    app.run(config=server_config(host, port))


def create_app(base_maps: Sequence[BaseMap] = ()) -> st.App:
    """Return the ASGI application; the hosts of the base maps are allowed to send pictures."""
    return st.App(
        script_path(),
        routes=[Route("/layers/{name}", _layer), Route("/documents/{name}", _document)],
        middleware=[
            Middleware(SameOriginSockets),
            Middleware(SecurityHeaders, policy=content_policy(base_maps)),
            Middleware(GZipMiddleware, minimum_size=_GZIP_FROM_BYTES),
        ],
    )


def server_config(host: str, port: int) -> dict[str, object]:
    """Return Streamlit's settings: nothing is sent anywhere, no detail of an error is shown."""
    return {
        "server.address": host,
        "server.port": port,
        "server.headless": True,
        "server.enableXsrfProtection": True,
        "server.fileWatcherType": "none",
        "server.maxUploadSize": _upload_megabytes(),
        "browser.gatherUsageStats": False,
        # a full collection after every run costs more than the run, and ours keep no rings
        "runner.postScriptGC": False,
        # a browser that has seen a message of this size is sent its name the next time
        "global.minCachedMessageSize": 300,
        "client.showErrorDetails": "none",
        "client.toolbarMode": "minimal",
        "logger.hideWelcomeMessage": True,
        "theme.headingFontSizes": ["1.75rem", "1.4rem", "1.2rem", "1.05rem"],
        "theme.light.primaryColor": "#0b5a9d",
        "theme.dark.primaryColor": "#6cb2ee",
    }


def send_at_once() -> None:
    """Have small answers leave at once, and not 40 ms later when the browser acknowledges the last.

    Streamlit opens the listening socket itself and does not name its protocol, and asyncio lets
    answers wait for one another on every connection that comes in there.
    """
    open_socket = starlette_server._bind_socket

    def open_prompt_socket(address: str, port: int, backlog: int) -> socket.socket:
        listening = open_socket(address, port, backlog)
        # whatever comes in there inherits it
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening

    starlette_server._bind_socket = open_prompt_socket


def _upload_megabytes() -> int:
    if not uploads_allowed():
        return 1  # there is nothing to upload to, and 0 is not allowed
    # what reads files takes 70 MB, which a server that takes none does not need
    from geoapp.workspace.uploading import UPLOAD_MEGABYTES

    return UPLOAD_MEGABYTES


def script_path() -> Path:
    """Return the script of the app: of the checkout, else the packaged one."""
    embedded = embedded_workspace()
    return embedded / "streamlit_app.py"


def content_policy(base_maps: Sequence[BaseMap]) -> str:
    """Return the content security policy; only a base map's pictures may come from elsewhere."""
    hosts = {host[1] for entry in base_maps if (host := _HOST.match(entry.url.replace("{s}", "*")))}
    pictures = " ".join(["'self'", "data:", "blob:", *sorted(hosts)])
    rules = {
        "default-src": "'self'",
        "script-src": f"'self' blob: 'wasm-unsafe-eval' {_inline_script_hashes()}",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": pictures,
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "worker-src": "'self' blob:",
        "frame-src": "'self' blob: data:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'self'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


class SecurityHeaders:
    """Adds the security headers to every answer."""

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self._app = app
        self._headers = [
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; answers of plain HTTP get the headers."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in self._headers}
                kept = [pair for pair in message["headers"] if pair[0].lower() not in own]
                message["headers"] = [*kept, *self._headers]
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class SameOriginSockets:
    """Refuses WebSockets that a page of another origin opens.

    Streamlit would refuse them too, but looks up the server's public address first, and a server
    that must not call anybody cannot do that.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on unless it is such a WebSocket."""
        if scope["type"] == "websocket" and not _is_same_origin(Headers(scope=scope)):
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        await self._app(scope, receive, send)


def _is_same_origin(headers: Headers) -> bool:
    origin = headers.get("origin")
    hosts = {headers.get("host"), headers.get("x-forwarded-host")}
    return origin is None or urlsplit(origin).netloc in hosts


async def _layer(request: Request) -> Response:
    path = display_file(store_root(), request.path_params["name"])
    if path is None:
        return PlainTextResponse("no such layer", status_code=404)
    return FileResponse(path, headers={"cache-control": FOR_EVER, **_LAYER_HEADERS[path.suffix]})


async def _document(request: Request) -> Response:
    body = documents.find(request.path_params["name"])
    if body is None:
        return PlainTextResponse("no such document", status_code=404)
    return Response(body, media_type="application/json", headers={"cache-control": FOR_EVER})


def _inline_script_hashes() -> str:
    """Return the hashes of the inline scripts of Streamlit's page; they differ by version."""
    page = (resources.files("streamlit") / "static" / "index.html").read_text("utf-8")
    inline = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashes = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in inline)
    return " ".join(f"'sha256-{value}'" for value in hashes)


def _give_memory_back() -> None:
    """Have what a run took for a moment go back to the system; 50 readers then need 90 MB less."""
    # Arrow's own pool keeps what reading the atlas took
    pyarrow.set_memory_pool(pyarrow.system_memory_pool())
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if mallopt is not None:  # the GNU C library, which gives each thread an arena of its own
        for setting, value in _MALLOC_SETTINGS:
            mallopt(setting, value)


def _get_ready() -> None:
    """Load the atlas before the first reader comes, and keep the collector from walking it."""
    try:
        cache.atlas()
    except GeoappError:
        return  # the page tells what is wrong
    gc.collect()
    gc.freeze()


def _open_when_ready(url: str) -> None:
    for _ in range(_START_TRIES):
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1):  # noqa: S310 - our own
                click.launch(url)
                return
        except (urllib.error.URLError, OSError):
            sleep(0.2)
