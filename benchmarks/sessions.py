"""How one server bears many readers: seconds of a rerun and memory with 1, 10 and 50 sessions.

Every session is a WebSocket of its own that speaks Streamlit's protocol: it opens the map page
and then clicks on a municipality every two seconds or so. Measured is what a click costs from
the message that tells it to the message that ends the run of the script.

The workspaces and servers of `benchmarks.live` are made here too. The borders of whole countries
are read from the reference folder beside the repository and written into a temporary folder only.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import numpy as np
import pandas as pd
import psutil
import pyogrio
import shapely
from scipy.spatial import KDTree
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from benchmarks.results import Result
from geoapp.core.codes import unit_keys
from geoapp.ui.components.map_view import COMPONENT

REPOSITORY = Path(__file__).parents[1]
REFERENCE = REPOSITORY / "../shared/reference/boundaries"
NATIONAL = {"pl_gminy_jusuff_2021.gpkg": "terc", "cz_obce_rozhlas_2021.gpkg": "kod"}
BESKID = "pl-beskidzka-cwd"
SMALLEST, MIDDLE, WHOLE = 6, 320, 8734
THEME = "cycle-routes"
SEED = 20240607

_START_SECONDS = 300
PAUSE_SECONDS = 2.0
ANSWER_SECONDS = 120


@dataclass(frozen=True)
class Case:
    """A workspace of some size, the same map for the peer, and places to click on.

    ``places`` has `lon` and `lat` of a point inside each municipality, EPSG:4326 degrees, by unit
    key, the largest municipality first.
    """

    size: int
    workspace: Path
    peer: Path
    places: pd.DataFrame


@dataclass(frozen=True)
class Server:
    """A running server."""

    url: str
    process: psutil.Process

    def memory_mb(self) -> float:
        """Return the resident memory of the server and the processes it started, in MB."""
        return float(sum(member.memory_info().rss for member in self._family()) / 1e6)

    def cpu_seconds(self) -> float:
        """Return what the server and the processes it started have computed since their start."""
        return float(sum(sum(member.cpu_times()[:2]) for member in self._family()))

    def _family(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


def left_out(size: int) -> list[Result]:
    """Return a row that tells why a workspace of this size cannot be made; none where it can."""
    absent = [name for name in NATIONAL if not (REFERENCE / name).is_file()]
    if size == SMALLEST or not absent:
        return []
    why = f"not measured: {' and '.join(absent)} not found beside the repository"
    return [Result(f"{size:,} municipalities", "geoapp", float("nan"), 0, None, None, why)]


def make_case(folder: Path, size: int) -> Case:
    """Make a workspace and the data of the peer in a folder.

    The smallest has the schematic borders of one partnership; the others have real borders, of
    every municipality of the embedded workspace and of those nearest to them.
    """
    workspace = folder / f"workspace-{size}"
    _geoapp("new", str(workspace))
    if size == SMALLEST:
        polygons = _keep_one_partnership(workspace)
    else:
        polygons = _national_polygons(workspace, size)
        _add_boundaries(workspace, polygons, folder)
    peer = _write_peer(folder / f"peer-{size}", workspace, polygons)
    return Case(size, workspace, peer, _places(polygons))


@contextmanager
def serve_ours(case: Case, store: Path) -> Iterator[Server]:
    """Serve the workspace as `geoapp serve` does, until the block ends."""
    port = _free_port()
    arguments = ["-m", "geoapp", "serve", "--no-browser", "--port", str(port)]
    command = [sys.executable, *arguments, "--workspace", str(case.workspace)]
    with _serve(command, port, store / f"ours-{case.size}.log", store) as server:
        yield server


@contextmanager
def serve_peer(case: Case, store: Path) -> Iterator[Server]:
    """Serve the peer's app with Streamlit's own settings, until the block ends."""
    port = _free_port()
    settings = {
        "server.port": port,
        "server.address": "127.0.0.1",
        "server.headless": "true",
        "server.enableStaticServing": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
    }
    options = [f"--{name}={value}" for name, value in settings.items()]
    command = [sys.executable, "-m", "streamlit", "run", str(case.peer / "peer_app.py"), *options]
    with _serve(command, port, store / f"peer-{case.size}.log", store) as server:
        yield server


@contextmanager
def _serve(command: list[str], port: int, log: Path, store: Path) -> Iterator[Server]:
    environment = {**os.environ, "GEOAPP_STORE": str(store / "prepared")}
    with (
        log.open("wb") as told,
        subprocess.Popen(command, env=environment, stdout=told, stderr=told, cwd=store) as process,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(url, process, log)
            yield Server(url, psutil.Process(process.pid))
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):  # noqa: S310 - ours
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the server did not start: {log.read_text('utf-8')[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _geoapp(*arguments: str) -> None:
    command = [sys.executable, "-m", "geoapp", *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=_START_SECONDS)


def _keep_one_partnership(workspace: Path) -> gpd.GeoDataFrame:
    """Leave one partnership in a workspace, and its members; return their schematic borders."""
    for file in (workspace / "data/partnerships").glob("*.toml"):
        if file.stem != BESKID:
            file.unlink()
    members = (workspace / f"data/partnerships/{BESKID}.toml").read_text("utf-8")
    table = pd.read_csv(workspace / "data/municipalities.csv", dtype=str, keep_default_na=False)
    kept = table[[f'"{code}"' in members for code in table["code"]]]
    kept.to_csv(workspace / "data/municipalities.csv", index=False)
    file = workspace / "data/boundaries/schematic.geojson"
    drawn = json.loads(file.read_text("utf-8"))
    codes = set(kept["code"])
    drawn["features"] = [
        feature for feature in drawn["features"] if feature["properties"]["code"] in codes
    ]
    file.write_text(json.dumps(drawn), "utf-8")
    polygons = gpd.GeoDataFrame.from_features(drawn["features"], crs="EPSG:4326")
    return polygons.assign(key=unit_keys(polygons["code"]))[["key", "name", "geometry"]]


def _national_polygons(workspace: Path, size: int) -> gpd.GeoDataFrame:
    """Return the polygons of so many municipalities, those of the workspace among them.

    The districts of Prague count as municipalities, as they do in the file.
    """
    parts = []
    for name, column in NATIONAL.items():
        read = pyogrio.read_dataframe(REFERENCE / name, columns=[column, "name"])
        parts.append(read.assign(key=unit_keys(read[column]))[["key", "name", "geometry"]])
    every = pd.concat(parts).dropna(subset="key").drop_duplicates("key")
    every = every[~every.geometry.is_empty]
    known = pd.read_csv(workspace / "data/municipalities.csv", dtype=str, keep_default_na=False)
    seats = KDTree(known[["lon", "lat"]].replace("", np.nan).dropna().astype(float))
    inside = shapely.get_coordinates(shapely.point_on_surface(every.geometry.values))
    near = pd.Series(seats.query(inside)[0], index=every["key"].to_numpy())
    near[near.index.isin(unit_keys(known["code"]))] = -1
    nearest = near.sort_values(kind="stable").index[:size]
    return every[every["key"].isin(nearest)]


def _add_boundaries(workspace: Path, polygons: gpd.GeoDataFrame, folder: Path) -> None:
    czech = polygons["key"].str.startswith("5")
    for country, part in (("PL", polygons[~czech]), ("CZ", polygons[czech])):
        file = folder / f"borders-{len(polygons)}-{country}.gpkg"
        pyogrio.write_dataframe(part, file)
        _geoapp(
            *("add", "boundaries", str(file), "--workspace", str(workspace)),
            *("--country", country, "--code-column", "key", "--name-column", "name"),
        )
    (workspace / "layers/boundaries-schematic.toml").unlink()


def _write_peer(folder: Path, workspace: Path, polygons: gpd.GeoDataFrame) -> Path:
    """Write the app of the peer with the same borders and theme, rounded as ours are."""
    (folder / "static").mkdir(parents=True)
    shutil.copy(Path(__file__).parent / "peer_app.py", folder)
    leaflet = REPOSITORY / "geoapp/ui/map_component/vendor/leaflet"
    for name in ("leaflet.js", "leaflet.css"):
        shutil.copy(leaflet / name, folder / "static")
    theme = pyogrio.read_dataframe(workspace / f"data/themes/{THEME}.geojson")
    for name, features in (("municipalities", polygons), ("theme", theme[["geometry"]])):
        rounded = features.set_geometry(
            shapely.transform(features.geometry.values, lambda place: place.round(5))
        )
        text = rounded.to_json(drop_id=True, show_bbox=True)
        (folder / f"{name}.geojson").write_text(text, "utf-8")
    return folder


def _places(polygons: gpd.GeoDataFrame) -> pd.DataFrame:
    order = np.argsort(-shapely.area(polygons.geometry.values), kind="stable")
    points = shapely.get_coordinates(shapely.point_on_surface(polygons.geometry.values))
    places = pd.DataFrame(points, columns=["lon", "lat"], index=polygons["key"].to_numpy())
    return places.iloc[order]


@dataclass
class Reader:
    """One session: what it has been told of the page, and what its reruns cost.

    ``query`` is what stands behind the question mark of the address, ``cached`` the messages the
    server need not send again, ``seconds`` those from the message of a click to the end of the
    run, ``received`` the bytes of all messages of each run.
    """

    socket: ClientConnection
    query: str = ""
    page: str = ""
    widget: str = ""
    fragment: str = ""
    cached: dict[str, ForwardMsg] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    received: list[int] = field(default_factory=list)


async def open_page(url: str, query: str = "") -> Reader:
    """Open the page of a server as the browser does, and wait until its script has run."""
    address = url.replace("http", "ws", 1) + "/_stcore/stream"
    # Streamlit's own page offers this protocol; messages are as large as the data on the page
    socket = await connect(address, subprotocols=[Subprotocol("streamlit")], max_size=None)
    reader = Reader(socket, query)
    await _run(reader, BackMsg(rerun_script=ClientState(query_string=query)))
    if not reader.widget:
        raise RuntimeError(f"{url}: expected a map on the page, found none")
    return reader


async def click(reader: Reader, key: str) -> None:
    """Tell the server that a municipality was clicked, and wait until its script has run."""
    state = ClientState(
        query_string=reader.query,
        page_script_hash=reader.page,
        fragment_id=reader.fragment,
        cached_message_hashes=reader.cached,
    )
    _add_click(state, reader, key)
    message = BackMsg(rerun_script=state)
    begun = time.perf_counter()
    size = await _run(reader, message)
    reader.seconds.append(time.perf_counter() - begun)
    reader.received.append(size)
    if reader.fragment and f"municipality={key}" not in reader.query:
        raise RuntimeError(f"clicked on {key}, but the address of the page is ?{reader.query}")


def _add_click(state: ClientState, reader: Reader, key: str) -> None:
    """Add what our component, or that of the peer, tells of a click."""
    widgets = state.widget_states.widgets
    if reader.fragment:
        widgets.add(id=reader.widget, json_value="{}")
        told = json.dumps([{"event": "select", "value": key}])
        events = f"$$STREAMLIT_INTERNAL_KEY_{reader.widget}__events"
        widgets.add(id=events, json_trigger_value=told)
    else:
        drawing = {"type": "Feature", "properties": {"key": key}, "geometry": None}
        widgets.add(id=reader.widget, json_value=json.dumps({"last_active_drawing": drawing}))


async def _run(reader: Reader, message: BackMsg) -> int:
    """Send a message and read until the script has run; return the bytes that came."""
    await reader.socket.send(message.SerializeToString())
    size = 0
    while True:
        told = await asyncio.wait_for(reader.socket.recv(decode=False), ANSWER_SECONDS)
        size += len(told)
        forward = ForwardMsg.FromString(told)
        if forward.WhichOneof("type") == "ref_hash":
            forward = reader.cached[forward.ref_hash]
        elif forward.metadata.cacheable:
            reader.cached[forward.hash] = forward
        if forward.WhichOneof("type") == "script_finished":
            return size
        _note(reader, forward)


def _note(reader: Reader, forward: ForwardMsg) -> None:
    """Keep what the next click has to name: the address, the page, the map and its fragment."""
    kind = forward.WhichOneof("type")
    if kind == "new_session":
        reader.page = forward.new_session.page_script_hash
    elif kind == "page_info_changed":
        reader.query = forward.page_info_changed.query_string
    elif kind == "delta":
        _note_element(reader, forward.delta)


def _note_element(reader: Reader, delta: Delta) -> None:
    element = delta.new_element
    kind = element.WhichOneof("type")
    if kind == "bidi_component" and element.bidi_component.component_name == COMPONENT:
        reader.widget, reader.fragment = element.bidi_component.id, delta.fragment_id
    elif kind == "component_instance":
        reader.widget = element.component_instance.id
    elif kind == "exception":
        raise RuntimeError(f"the page shows an error: {element.exception.message}")


@dataclass(frozen=True)
class Load:
    """What so many sessions cost: seconds of every rerun, messages and CPU of one, memory in all.

    The CPU time tells what a rerun costs where other work keeps the machine busy.
    """

    seconds: tuple[float, ...]
    per_second: float
    cpu_seconds: float
    kilobytes: float
    peak_mb: float


async def load(
    server: Server, case: Case, sessions: int, seconds: float, *, pause: float = PAUSE_SECONDS
) -> Load:
    """Open so many sessions, let all of them click for some seconds, and close them.

    Parameters
    ----------
    server, case
        What is clicked on.
    sessions
        Their number.
    seconds
        For how long they click.
    pause
        Seconds between two clicks of a session, on average.
    """
    readers = [await open_page(server.url) for _ in range(sessions)]
    memory: list[float] = []
    watch = asyncio.create_task(_watch_memory(server, memory))
    keys = list(case.places.index)
    begun, computed = time.perf_counter(), server.cpu_seconds()
    async with asyncio.TaskGroup() as group:
        for number, reader in enumerate(readers):
            chance = random.Random(SEED + number)
            group.create_task(_keep_clicking(reader, keys, chance, pause, begun + seconds))
    elapsed = time.perf_counter() - begun
    computed = server.cpu_seconds() - computed
    watch.cancel()
    for reader in readers:
        await reader.socket.close()
    taken = tuple(cost for reader in readers for cost in reader.seconds)
    size = statistics.median(size for reader in readers for size in reader.received)
    return Load(taken, len(taken) / elapsed, computed / len(taken), size / 1000, max(memory))


async def _keep_clicking(
    reader: Reader, keys: Sequence[str], chance: random.Random, pause: float, until: float
) -> None:
    """Click at a steady pace; who had to wait for longer clicks again at once."""
    due = time.perf_counter() + chance.uniform(0, pause)
    while due < until:
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        await click(reader, chance.choice(keys))
        due = max(due + chance.uniform(0.5, 1.5) * pause, time.perf_counter())


async def _watch_memory(server: Server, seen: list[float]) -> None:
    while True:
        seen.append(server.memory_mb())
        await asyncio.sleep(0.5)


def run(quick: bool) -> list[Result]:
    """Measure reruns and memory of ours and of the peer, each with a fresh server.

    Parameters
    ----------
    quick
        Only the smallest workspace and few sessions, for some seconds.
    """
    counts = (1, 5) if quick else (1, 10, 50)
    seconds = 5 if quick else 25
    sizes = (SMALLEST,) if quick else (MIDDLE, WHOLE)
    rows = []
    with TemporaryDirectory(prefix="geoapp-sessions-") as folder:
        for size in sizes:
            if missing := left_out(size):
                rows += missing
                continue
            case = make_case(Path(folder), size)
            for sessions in counts:
                rows += _compare(case, Path(folder), sessions, seconds)
    return rows


def _compare(case: Case, store: Path, sessions: int, seconds: float) -> list[Result]:
    """Measure ours, and the peer where a rerun does not take it seconds by itself."""
    contenders = {"geoapp": serve_ours}
    if case.size != WHOLE:
        contenders["streamlit-folium, feature group added"] = serve_peer
    loads = {}
    for name, serve in contenders.items():
        with serve(case, store) as server:
            loads[name] = asyncio.run(load(server, case, sessions, seconds))
    ours = statistics.median(loads["geoapp"].seconds)
    return [_row(case, sessions, name, found, ours) for name, found in loads.items()]


def _row(case: Case, sessions: int, name: str, found: Load, ours: float) -> Result:
    median = statistics.median(found.seconds)
    slow = float(np.quantile(found.seconds, 0.95))
    return Result(
        workload=f"rerun after a click, {case.size:,} municipalities, sessions: {sessions}",
        contender=name,
        seconds=median,
        runs=len(found.seconds),
        ratio_to_ours=median / ours,
        peak_mb=found.peak_mb,
        note=f"p95 {slow:.3f} s, {found.per_second:.1f} reruns a second, "
        f"{found.cpu_seconds:.3f} s of CPU and {found.kilobytes:.1f} kB each",
    )
