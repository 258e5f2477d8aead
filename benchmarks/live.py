"""The live map in headless Chromium against streamlit-folium, measured as a reader sees it.

Every visit has a fresh browser context: it waits for the first map, clicks on municipalities,
switches a theme on and off, and pans. Times are taken inside the page, from the pointer going
down (or from the navigation) to the frame after the one that found what was asked for. Bytes are
those of the messages on the WebSocket, both ways, and of HTTP answers as they came, compressed.

The peer asks foreign hosts for ten files. Here it gets Leaflet from its own server and does
without the others, which is in its favour.
"""

from __future__ import annotations

import asyncio
import shutil
import statistics
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from benchmarks.results import Result
from benchmarks.sessions import (
    MIDDLE,
    SMALLEST,
    WHOLE,
    Case,
    left_out,
    make_case,
    open_page,
    serve_ours,
    serve_peer,
)

LIMIT_SECONDS = 60

_SHOWN_THEME = "Cycle routes (illustrative)"
_WINDOW = ViewportSize(width=1280, height=900)
_PAUSE_MS = 300

# Runs in every frame of a page. Leaflet's own lists tell what the peer's map shows; the colours
# are those of peer_app.py.
_PROBE = """
(() => {
  addEventListener('pointerdown', (event) => {
    window.top.pointerWentDown = performance.timeOrigin + event.timeStamp;
  }, true);
  if (window !== window.top) return;
  let root = null;
  const find = (tree, selector) => {
    const found = tree.querySelector(selector);
    if (found) return found;
    for (const element of tree.querySelectorAll('*')) {
      const inner = element.shadowRoot && find(element.shadowRoot, selector);
      if (inner) return inner;
    }
    return null;
  };
  const map = () => {
    if (!root?.isConnected) root = find(document, '.geoapp-map');
    return root;
  };
  const still = () => map()?.dataset.ready === 'true' && map().ariaBusy !== 'true';
  const frame = () => [...document.querySelectorAll('iframe[title^="streamlit_folium"]')]
    .filter((one) => one.contentWindow?.map).at(-1);
  const layers = () => Object.values(frame()?.contentWindow.map._layers ?? {});
  const conditions = {
    ours: {
      ready: () => still(),
      chosen: (key) => map().dataset.selected === key && map().querySelector('.mark-selected'),
      answered: (updates) => Number(map().dataset.updates) > updates,
      theme: (on) => still() && map().dataset.layers.split(' ').includes('cycle-routes') === on,
    },
    peer: {
      ready: (size) => layers().filter((layer) => layer.feature?.properties.key).length >= size,
      chosen: (key) => layers().some((layer) => (
        layer.feature?.properties.key === key && layer.options.color === '#ff0000')),
      theme: (on) => frame()
        && layers().some((layer) => layer.options.color === '#117733') === on,
    },
  };
  const project = (lon, lat, zoom) => {
    const sine = Math.sin(lat * Math.PI / 180);
    const size = 256 * 2 ** zoom;
    return [size * (lon / 360), -size * Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)];
  };
  const places = {
    ours: (lon, lat) => {
      const [zoom, south, west] = map().dataset.view.split('/').map(Number);
      const ground = map().querySelector('.map-ground');
      const { left, top, width, height } = ground.getBoundingClientRect();
      const [x0, y0] = project(west, south, zoom);
      const [x, y] = project(lon, lat, zoom);
      const place = [left + width / 2 + x - x0, top + height / 2 + y - y0];
      return ground.contains(map().getRootNode().elementFromPoint(...place)) ? place : null;
    },
    peer: (lon, lat) => {
      const shown = frame().contentWindow.map;
      const point = shown.latLngToContainerPoint([lat, lon]);
      const inner = shown.getContainer().getBoundingClientRect();
      const outer = frame().getBoundingClientRect();
      const place = [outer.left + inner.left + point.x, outer.top + inner.top + point.y];
      return document.elementFromPoint(...place) === frame() ? place : null;
    },
  };
  let promises = [];
  let frames = null;
  window.probe = {
    expect(kind, name, value, limit) {
      const now = () => performance.timeOrigin + performance.now();
      const holds = () => { try { return conditions[kind][name](value); } catch { return false; } };
      promises.push(new Promise((resolve) => {
        const end = performance.now() + limit;
        const look = () => {
          if (holds()) requestAnimationFrame(() => resolve(now()));
          else if (performance.now() > end) resolve(null);
          else requestAnimationFrame(look);
        };
        look();
      }));
    },
    seen() {
      const awaited = promises;
      promises = [];
      return Promise.all(awaited);
    },
    place: (kind, lon, lat) => places[kind](lon, lat),
    updates: () => Number(map()?.dataset.updates),
    view: (kind) => (
      kind === 'ours' ? map().dataset.view : String(frame().contentWindow.map.getCenter())),
    watchFrames() {
      frames = { gaps: [], tasks: [], last: performance.now() };
      const watched = frames;
      watched.observer = new PerformanceObserver((list) => {
        watched.tasks.push(...list.getEntries().map((task) => task.duration));
      });
      watched.observer.observe({ type: 'longtask' });
      const next = () => {
        const now = performance.now();
        watched.gaps.push(now - watched.last);
        watched.last = now;
        if (frames === watched) requestAnimationFrame(next);
      };
      requestAnimationFrame(next);
    },
    frames() {
      const watched = frames;
      frames = null;
      watched.observer.disconnect();
      return { longest: Math.max(...watched.gaps), tasks: watched.tasks };
    },
  };
})();
"""


@dataclass(frozen=True)
class Contender:
    """Whose map it is; ``kind`` says what to look at, ``query`` what to ask the server for."""

    name: str
    kind: Literal["ours", "peer"]
    query: str


OURS = Contender("geoapp", "ours", "lang=en")
CONTENDERS = (
    OURS,
    Contender("streamlit-folium, feature group added", "peer", "way=added"),
    Contender("streamlit-folium, rebuilt", "peer", "way=rebuilt"),
)


@dataclass(frozen=True)
class Place:
    """A municipality to click on, and where: CSS pixels of the window."""

    key: str
    x: float
    y: float


@dataclass
class Traffic:
    """Bytes of a page since they were last taken, by what they were for."""

    counted: Counter[str] = field(default_factory=Counter)

    def take(self) -> Counter[str]:
        """Return the bytes counted so far, and count anew."""
        taken, self.counted = self.counted, Counter()
        return taken


@dataclass
class Seen:
    """What the visits to one map took: seconds and bytes, by what was done."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    traffic: dict[str, list[Counter[str]]] = field(default_factory=dict)
    long_tasks: list[int] = field(default_factory=list)
    gave_up: str = ""

    def note(self, what: str, seconds: float, traffic: Counter[str] | None = None) -> None:
        """Keep what one deed took."""
        self.seconds.setdefault(what, []).append(seconds)
        if traffic is not None:
            self.traffic.setdefault(what, []).append(traffic)


@dataclass(frozen=True)
class Plan:
    """What is done in one visit: clicks, switches of the theme, drags of the map."""

    clicks: int = 5
    switches: int = 4
    drags: int = 4


class TooSlowError(Exception):
    """A map that did not show in time what was asked for."""


def run(quick: bool) -> list[Result]:
    """Measure our live map and the peer's in turn.

    Parameters
    ----------
    quick
        Only the smallest workspace, one visit, few clicks.
    """
    # the peer takes minutes for a visit to the largest
    visits = {SMALLEST: 1} if quick else {SMALLEST: 5, MIDDLE: 5, WHOLE: 3}
    rows: list[Result] = []
    with TemporaryDirectory(prefix="geoapp-live-") as folder:
        for size, number in visits.items():
            if missing := left_out(size):
                rows += missing
                continue
            case = make_case(Path(folder), size)
            seen = compare(case, Path(folder), visits=number)
            rows += result_rows(case, seen)
    return rows


def compare(case: Case, store: Path, visits: int) -> dict[str, Seen]:
    """Visit every contender so many times, in turn; who was too slow once is not asked again."""
    seen = {contender.name: Seen() for contender in CONTENDERS}
    with serve_ours(case, store) as ours, serve_peer(case, store) as peer:
        urls = {"ours": ours.url, "peer": peer.url}
        for contender in CONTENDERS:
            asyncio.run(_warm_up(urls[contender.kind], contender.query))
        with chromium() as browser:
            for _ in range(visits):
                for contender in CONTENDERS:
                    found = seen[contender.name]
                    if not found.gave_up:
                        visit(browser, urls[contender.kind], contender, case, found, Plan())
    return seen


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium where it is installed, else the one that Playwright brought."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


async def _warm_up(url: str, query: str) -> None:
    """Open the page once: the first session of a server finds empty caches, no later one does."""
    await (await open_page(url, query)).socket.close()


def visit(
    browser: Browser, url: str, contender: Contender, case: Case, seen: Seen, plan: Plan
) -> None:
    """Do at a map all that is measured, and note what it took."""
    context = browser.new_context(viewport=_WINDOW, locale="en-GB")
    context.add_init_script(_PROBE)
    page = context.new_page()
    traffic = _count_bytes(page)
    try:
        _first_map(page, f"{url}/?{contender.query}", contender, case, traffic, seen)
        for place in _in_sight(page, contender, case, plan.clicks):
            _click(page, contender, place, traffic, seen)
        for number in range(plan.switches):
            _switch(page, contender, number % 2 == 0, traffic, seen)
        _pan(page, contender, case, plan.drags, seen)
    except TooSlowError as error:
        seen.gave_up = str(error)
    finally:
        context.close()


def _first_map(
    page: Page, address: str, contender: Contender, case: Case, traffic: Traffic, seen: Seen
) -> None:
    page.goto(address, wait_until="commit")
    begun = page.evaluate("performance.timeOrigin")
    _expect(page, contender, "ready", case.size)
    (shown,) = _seen(page, "first map")
    _settle(page)
    seen.note("first map", (shown - begun) / 1000, traffic.take())


def _click(page: Page, contender: Contender, place: Place, traffic: Traffic, seen: Seen) -> None:
    page.mouse.move(place.x, place.y)
    page.wait_for_timeout(_PAUSE_MS)
    _expect(page, contender, "chosen", place.key)
    if contender is OURS:
        _expect(page, contender, "answered", page.evaluate("probe.updates()"))
    page.mouse.click(place.x, place.y)
    times = _since_pointer(page, "click to highlight")
    _settle(page)
    taken = traffic.take()
    for what, seconds in zip(("click to highlight", "click to answer"), times, strict=False):
        seen.note(what, seconds, taken)


def _switch(page: Page, contender: Contender, on: bool, traffic: Traffic, seen: Seen) -> None:
    button = (
        page.get_by_role("button", name=_SHOWN_THEME)
        if contender is OURS
        else page.get_by_test_id("stCheckbox").locator("label")
    )
    _expect(page, contender, "theme", on)
    button.click()
    (seconds,) = _since_pointer(page, "theme switch")
    _settle(page)
    seen.note("theme switch", seconds, traffic.take())


def _pan(page: Page, contender: Contender, case: Case, drags: int, seen: Seen) -> None:
    """Drag the map there and back again."""
    (place,) = _in_sight(page, contender, case, most=1)
    page.evaluate("probe.watchFrames()")
    for number in range(drags):
        before = page.evaluate("kind => probe.view(kind)", contender.kind)
        _drag(page, place, -1 if number % 2 else 1)
        if page.evaluate("kind => probe.view(kind)", contender.kind) == before:
            raise RuntimeError(f"{contender.name}: the map did not move when it was dragged")
    found = page.evaluate("probe.frames()")
    seen.note("panning, longest frame", found["longest"] / 1000)
    seen.long_tasks.append(len(found["tasks"]))


def _drag(page: Page, place: Place, way: int) -> None:
    page.mouse.move(place.x, place.y)
    page.mouse.down()
    page.mouse.move(place.x + way * 160, place.y + way * 90, steps=20)
    page.mouse.up()
    page.wait_for_timeout(_PAUSE_MS)


def _in_sight(page: Page, contender: Contender, case: Case, most: int) -> list[Place]:
    """Return the largest municipalities whose point can be seen and is not covered."""
    found: list[Place] = []
    for key, lon, lat in case.places.itertuples():
        place = page.evaluate("place => probe.place(...place)", [contender.kind, lon, lat])
        if place:
            found.append(Place(str(key), *place))
        if len(found) == most:
            break
    return found


def _expect(page: Page, contender: Contender, condition: str, value: object) -> None:
    expected = [contender.kind, condition, value, LIMIT_SECONDS * 1000]
    page.evaluate("expected => probe.expect(...expected)", expected)


def _seen(page: Page, what: str) -> list[float]:
    """Return when each expected thing was seen, in milliseconds since 1970."""
    times: list[float | None] = page.evaluate("probe.seen()")
    if None in times:
        raise TooSlowError(f"{what}: not within {LIMIT_SECONDS} s")
    return [time for time in times if time is not None]


def _since_pointer(page: Page, what: str) -> list[float]:
    """Return the seconds from the pointer going down until each expected thing was seen."""
    times = _seen(page, what)
    begun = page.evaluate("pointerWentDown")
    return [(time - begun) / 1000 for time in times]


def _settle(page: Page) -> None:
    page.locator('[data-test-script-state="notRunning"]').wait_for(state="attached")
    page.wait_for_timeout(_PAUSE_MS)


def _count_bytes(page: Page) -> Traffic:
    traffic = Traffic()
    purposes: dict[str, str] = {}
    network = page.context.new_cdp_session(page)

    def message(event: dict[str, Any]) -> None:
        frame = event["response"]
        text = frame["payloadData"]
        binary = frame["opcode"] == 2
        traffic.counted["socket"] += (
            len(text) * 3 // 4 - text[-2:].count("=") if binary else len(text)
        )

    def answer(event: dict[str, Any]) -> None:
        purposes[event["requestId"]] = purpose(event["response"]["url"])

    def loaded(event: dict[str, Any]) -> None:
        traffic.counted[purposes.get(event["requestId"], "")] += int(event["encodedDataLength"])

    network.on("Network.webSocketFrameReceived", message)
    network.on("Network.webSocketFrameSent", message)
    network.on("Network.responseReceived", answer)
    network.on("Network.loadingFinished", loaded)
    network.send("Network.enable")
    return traffic


def purpose(url: str) -> str:
    """Return what a file is for: Streamlit's own page, the code of a map, or what it shows.

    >>> purpose("http://127.0.0.1:8501/static/js/index.js")
    'streamlit'
    >>> purpose("http://127.0.0.1:8501/layers/members-0123456789abcdef.geojson")
    'map data'
    """
    path = urlsplit(url).path
    if path.startswith(("/component/", "/_stcore/bidi-components/", "/app/static/")):
        return "map code"
    if path in ("/", "/favicon.png") or path.startswith(("/static/", "/_stcore/")):
        return "streamlit"
    return "map data"


def result_rows(case: Case, seen: dict[str, Seen]) -> list[Result]:
    """Return a row for each deed and contender, with medians over all visits.

    Raises
    ------
    RuntimeError
        Our own map was too slow to be measured, so that nothing can be compared with it.
    """
    if seen[OURS.name].gave_up:
        raise RuntimeError(f"our own map gave up: {seen[OURS.name].gave_up}")
    return [
        _row(case, what, name, found, statistics.median(times))
        for what, times in seen[OURS.name].seconds.items()
        for name, found in seen.items()
        if what in found.seconds or (found.gave_up and what != "click to answer")
    ]


def _row(case: Case, what: str, contender: str, found: Seen, ours: float) -> Result:
    workload = f"{what}, {case.size:,} municipalities"
    times = found.seconds.get(what)
    if times is None:
        note = f"gave up: {found.gave_up}"
        return Result(workload, contender, float("nan"), 0, None, None, note)
    median = statistics.median(times)
    note = _note(found, what)
    return Result(workload, contender, median, len(times), median / ours, None, note)


def _note(found: Seen, what: str) -> str:
    if what not in found.traffic:
        return f"long tasks (over 50 ms): {statistics.median(found.long_tasks):.0f}"
    taken = found.traffic[what]
    purposes = sorted({purpose for traffic in taken for purpose in traffic})
    sizes = {
        purpose: statistics.median(traffic[purpose] for traffic in taken) / 1000
        for purpose in purposes
    }
    return ", ".join(f"{purpose} {size:,.1f} kB" for purpose, size in sizes.items() if size > 0)
