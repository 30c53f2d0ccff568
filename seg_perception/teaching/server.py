"""The page of a teaching, on this machine alone (starlette and uvicorn, extra `[teach]`)."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from importlib.resources import files
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import uvicorn
from numpy.typing import NDArray
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from seg_perception.core.errors import SegPerceptionError, TeachingError
from seg_perception.core.json_document import plain
from seg_perception.outputs.pictures import encode_png
from seg_perception.teaching.classroom import Classroom
from seg_perception.teaching.clicks import Click, NewClass
from seg_perception.teaching.frames import TeachingFrame
from seg_perception.teaching.points import Question

HOST = "127.0.0.1"
_PAGE = files("seg_perception.teaching") / "page"
_KINDS = {"page.html": "text/html", "page.js": "text/javascript", "page.css": "text/css"}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_QUALITY = 90
# Pictures larger than screens cost a tablet its memory.
_WIDEST_PX = 1600
_LARGEST_BODY = 1 << 20
# A longer pause between two clicks is no work.
_PAUSE_S = 120.0

_Handler = Callable[[Request], Awaitable[Response]]
_Answer = Callable[[dict[str, Any]], dict[str, Any]]


def application(classroom: Classroom, token: str) -> Starlette:
    """The page and what it asks for, below a path that only who was told it knows."""
    page = _Page(classroom)
    routes = [
        Route("/", _file("page.html")),
        *[Route(f"/{name}", _file(name)) for name in _KINDS if name != "page.html"],
        Route("/state", page.state),
        Route("/frame/{index:int}", page.frame),
        Route("/labels/{which}/{index:int}", page.labels),
        Route("/confidence/{index:int}", page.confidence),
        *[Route(f"/{n}", _posted(a), methods=["POST"]) for n, a in page.actions.items()],
    ]
    return Starlette(
        routes=[Mount(f"/{token}", routes=routes)],
        exception_handlers={SegPerceptionError: _refused},
    )


def serve(classroom: Classroom, port: int, told: Callable[[str], None]) -> None:
    """Serve until a signal ends it.

    Args:
        classroom: what is taught.
        port: to listen on; 0 takes a free one.
        told: called with the page's address.

    Raises:
        TeachingError: the port is taken.
    """
    token = secrets.token_urlsafe(16)
    with _listen(port) as listening:
        told(f"http://{HOST}:{listening.getsockname()[1]}/{token}/")
        config = uvicorn.Config(
            application(classroom, token), log_level="error", access_log=False, lifespan="off"
        )
        try:
            asyncio.run(uvicorn.Server(config).serve(sockets=[listening]))
        except KeyboardInterrupt:
            pass
        finally:
            classroom.close()


def _listen(port: int) -> socket.socket:
    listening = socket.socket()
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
        # Whoever is told the address may open it at once.
        listening.listen()
    except OSError as error:
        listening.close()
        msg = (
            f"port {port} can't be listened on ({error.strerror}): the teaching is begun, go on "
            "with --resume FOLDER --port and another number"
        )
        raise TeachingError(msg) from error
    return listening


class _Page:
    """Answers of the page's addresses."""

    def __init__(self, classroom: Classroom) -> None:
        self._room = classroom
        self._frames = list(classroom.session.frames.values())
        self._places = {frame.name: place for place, frame in enumerate(self._frames)}
        self.actions: dict[str, _Answer] = {
            "question": self._question,
            "answer": self._answer,
            "click": self._click,
            "brush": self._brush,
            "undo": self._undo,
            "class": self._class,
            "train": self._train,
            "stop": self._stop,
            "release": self._release,
        }

    async def state(self, _request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(self._state), headers=_HEADERS)

    async def frame(self, request: Request) -> Response:
        return await run_in_threadpool(self._picture, self._at(request))

    async def labels(self, request: Request) -> Response:
        frame, which = self._at(request), request.path_params["which"]
        return await run_in_threadpool(self._map, frame, which, 0)

    async def confidence(self, request: Request) -> Response:
        return await run_in_threadpool(self._map, self._at(request), "before", 1)

    def _at(self, request: Request) -> TeachingFrame:
        index = int(request.path_params["index"])
        if index >= len(self._frames):
            msg = f"frame {index}: expected one of {len(self._frames)}; load the page again"
            raise TeachingError(msg)
        return self._frames[index]

    def _picture(self, frame: TeachingFrame) -> Response:
        image = self._room.session.store.image(frame.name)
        if frame.width > _WIDEST_PX:
            size = _WIDEST_PX, round(frame.height * _WIDEST_PX / frame.width)
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        data = cv2.imencode(".jpg", bgr, (cv2.IMWRITE_JPEG_QUALITY, _QUALITY))[1].tobytes()
        return Response(data, media_type="image/jpeg", headers=_HEADERS)

    def _map(self, frame: TeachingFrame, which: str, place: int) -> Response:
        values: NDArray[np.uint8] = np.asarray(
            self._room.labels(which, frame.name)[place], np.uint8
        )
        return Response(encode_png(values), media_type="image/png", headers=_HEADERS)

    def _state(self) -> dict[str, Any]:
        session = self._room.session
        clicks = session.record.clicks
        per_frame = Counter(click.frame for click in clicks)
        per_class = Counter(click.label for click in clicks if click.part == "teach")
        return {
            "model": str(session.bundle),
            "folder": str(session.folder),
            "id": session.settings.digest,
            "classes": [
                {"id": c.id, "name": c.name, "color": c.color, "clicks": per_class[c.name]}
                for c in session.ontology.classes
            ],
            "frames": [
                {
                    "name": f.name,
                    "part": f.part,
                    "reasons": list(f.reasons),
                    "width": f.width,
                    "height": f.height,
                    "clicks": per_frame[f.name],
                }
                for f in self._frames
            ],
            "clicks": [self._shown(click) for click in clicks],
            "spent_s": spent_s(clicks),
            "round": self._round(),
            "teacher": self._teacher(),
            "preview": asdict(self._room.preview.progress),
            "notes": self._room.notes,
        }

    def _shown(self, click: Click) -> dict[str, Any]:
        return {
            "frame": self._places.get(click.frame, -1),
            **{
                name: getattr(click, name) for name in ("x", "y", "label", "author", "kind", "part")
            },
        }

    def _round(self) -> dict[str, Any] | None:
        status = self._room.status()
        if status is None:
            return None
        verdict = self._room.verdict(status.number) if status.state == "done" else None
        told = None
        if verdict is not None:
            told = {"decision": verdict.decision, "text": str(verdict), "more": verdict.more}
        return dict(plain({**asdict(status), "verdict": told}))

    def _teacher(self) -> dict[str, Any] | None:
        """What the gate says of the teacher; None without one."""
        settings = self._room.session.settings.teacher
        if settings is None:
            return None
        more = self._room.teacher_more
        found = self._room.teacher_verdicts()
        takes = [verdict.name for verdict in found if verdict.takes]
        said = f"It labels {', '.join(takes)}." if takes else "It labels no class so far."
        head = f"Teacher {settings.source}. {said}"
        asks = f" Answer {more} more points on kept-aside frames to judge it." if more else ""
        return {"more": more, "text": head + asks, "classes": [str(verdict) for verdict in found]}

    def _question(self, given: dict[str, Any]) -> dict[str, Any]:
        part = "gate" if given.get("part") == "gate" else "teach"
        question = self._room.question(part, _author(given))  # type: ignore[arg-type]
        if question is None:
            return {"question": None}
        asked = {**asdict(question), "index": self._places[question.frame]}
        return {"question": asked}

    def _answer(self, given: dict[str, Any]) -> dict[str, Any]:
        asked = given["question"]
        frame = str(asked["frame"])
        place = int(asked["x"]), int(asked["y"])
        question = Question(frame, *place, asked["part"], str(asked["draw"]))
        return asdict(self._room.answer(question, str(given["label"]), _author(given)))

    def _click(self, given: dict[str, Any]) -> dict[str, Any]:
        frame = self._name(given)
        place = int(given["x"]), int(given["y"])
        return asdict(self._room.point_out(frame, *place, str(given["label"]), _author(given)))

    def _brush(self, given: dict[str, Any]) -> dict[str, Any]:
        path = [(int(x), int(y)) for x, y in given["path"]]
        taken = self._room.brush(self._name(given), path, str(given["label"]), _author(given))
        return {"clicks": len(taken)}

    def _undo(self, given: dict[str, Any]) -> dict[str, Any]:
        taken = self._room.undo(_author(given))
        return {"undone": None if taken is None else self._shown(taken)}

    def _class(self, given: dict[str, Any]) -> dict[str, Any]:
        entry = NewClass(str(given["name"]), str(given["color"]), str(given["like"]))
        self._room.add_class(entry, _author(given))
        return {"added": entry.name}

    def _train(self, _given: dict[str, Any]) -> dict[str, Any]:
        return {"round": self._room.train()}

    def _stop(self, _given: dict[str, Any]) -> dict[str, Any]:
        self._room.rounds.stop()
        return {}

    def _release(self, _given: dict[str, Any]) -> dict[str, Any]:
        number = self._room.rounds.count
        out = self._room.session.folder / "out" / f"{number:03}"
        released = self._room.release(number, out)
        return dict(
            plain(
                {**asdict(released), "bundle": str(released.bundle), "masks": str(released.masks)}
            )
        )

    def _name(self, given: dict[str, Any]) -> str:
        index = int(given["frame"])
        if not 0 <= index < len(self._frames):
            msg = f"frame {index}: expected one of {len(self._frames)}; load the page again"
            raise TeachingError(msg)
        return self._frames[index].name


def spent_s(clicks: Sequence[Click]) -> float:
    """Seconds of work: the gaps between an author's clicks, without the long pauses."""
    total = 0.0
    for author in {click.author for click in clicks}:
        times = sorted(datetime.fromisoformat(c.time) for c in clicks if c.author == author)
        gaps = ((b - a).total_seconds() for a, b in pairwise(times))
        total += sum(gap for gap in gaps if gap <= _PAUSE_S)
    return total


def _author(given: dict[str, Any]) -> str:
    return str(given.get("author", ""))[:60] or "someone"


def _posted(answer: _Answer) -> _Handler:
    """A handler of a JSON document; what is wrong with it is a sentence."""

    async def handle(request: Request) -> Response:
        body = await request.body()
        if len(body) > _LARGEST_BODY:
            msg = f"request of {len(body)} bytes: expected at most {_LARGEST_BODY}"
            raise TeachingError(msg)
        try:
            given = await request.json()
            found = await run_in_threadpool(answer, given)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            msg = f"request: expected what the page sends, got {type(error).__name__}: {error}"
            raise TeachingError(msg) from error
        return JSONResponse(found, headers=_HEADERS)

    return handle


def _file(name: str) -> _Handler:
    async def handle(_request: Request) -> Response:
        text = (_PAGE / name).read_text(encoding="utf-8")
        return Response(text, media_type=_KINDS[name], headers=_HEADERS)

    return handle


async def _refused(_request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=409, headers=_HEADERS)
