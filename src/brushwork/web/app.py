"""The server: API, page, guard and limits put together."""

from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from brushwork.stylizer import Stylizer
from brushwork.web.api import about, clip_routes, problems
from brushwork.web.api.clips import Clips
from brushwork.web.api.guard import Guard
from brushwork.web.api.limits import Limits
from brushwork.web.api.metrics import Counted, Metrics
from brushwork.web.api.pictures import router
from brushwork.web.api.progress import ProgressBoard
from brushwork.web.api.service import Service
from brushwork.web.page import files

LOCAL = ("127.0.0.1", "localhost", "::1")
MEGABYTE = 10**6


def build(
    stylizer: Stylizer,
    model: str,
    *,
    limits: Limits | None = None,
    hosts: Sequence[str] = LOCAL,
    token: str | None = None,
    page: bool = True,
) -> FastAPI:
    """The application.

    Args:
        stylizer: What paints.
        model: Its name.
        limits: What a client may ask for.
        hosts: Names by which the server may be called; empty for any.
        token: What clients must show; None for no token.
        page: Whether there is a page besides the API.
    """
    limits = limits or Limits()
    service = Service(stylizer, limits)
    metrics = Metrics(service)
    board = ProgressBoard()

    clips = Clips(service)
    closing = ExitStack()
    closing.callback(clips.close)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        # Here, for a server that ends by a signal runs nothing after it.
        with closing:
            yield

    app = FastAPI(
        title="brushwork", version=version("brushwork"), lifespan=life, docs_url=None, redoc_url=None,
        summary="Any photo in the style of any picture.",
    )  # fmt: skip
    problems.handle(app)
    app.include_router(about.router(service, metrics, model))
    app.include_router(router(service, metrics, model, board))
    app.include_router(clip_routes.router(clips))
    app.add_middleware(Guard, hosts=hosts, token=token, upload=limits.upload * MEGABYTE)
    app.add_middleware(Counted, metrics=metrics)
    if page:
        app.include_router(files.router())
    return app
