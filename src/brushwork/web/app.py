"""The application of the server: API, page, guard and limits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version

from fastapi import FastAPI

from brushwork.stylizer import Stylizer
from brushwork.web.api import about, camera_route, clip_routes, pictures, problems
from brushwork.web.api.clips import Clips
from brushwork.web.api.details import Details
from brushwork.web.api.document import document
from brushwork.web.api.guard import Guard
from brushwork.web.api.limits import MEGABYTE, Limits
from brushwork.web.api.metrics import Counted, Metrics
from brushwork.web.api.origins import Names
from brushwork.web.api.progress import ProgressBoard
from brushwork.web.api.service import Service
from brushwork.web.api.tokens import Tokens
from brushwork.web.page import files


def build(
    stylizer: Stylizer,
    model: str,
    *,
    limits: Limits | None = None,
    names: Names | None = None,
    tokens: Tokens | None = None,
    page: bool = True,
    memory: int | None = None,
    details: Details | None = None,
) -> FastAPI:
    """Return the application.

    Args:
        stylizer: The model.
        model: Name of the model.
        limits: Limits of requests.
        names: Host names that the server accepts; None for those of this machine.
        tokens: Tokens that clients need; None for no token.
        page: Whether to serve the page in addition to the API.
        memory: Bytes that a picture may take; None for most of the memory that is free at that time.
        details: The model at other details; None if it has only one.
    """
    limits = limits or Limits()
    service = Service(stylizer, limits, memory, details)
    metrics = Metrics(service)
    clips = Clips(service)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # Clips are closed here because a server that ends by a signal runs nothing afterwards.
        try:
            yield
        finally:
            clips.close()

    app = FastAPI(
        title="brushwork", version=version("brushwork"), lifespan=lifespan, docs_url=None, redoc_url=None,
        summary="Any photo in the style of any picture.",
    )  # fmt: skip
    app.openapi = partial(document, app)  # type: ignore[method-assign]
    problems.handle(app)
    app.include_router(about.router(service, metrics, model))
    app.include_router(pictures.router(service, metrics, model, ProgressBoard()))
    app.include_router(clip_routes.router(clips))
    app.include_router(camera_route.router(service, metrics))
    if page:
        app.include_router(files.router())
    app.add_middleware(
        Guard, names=names or Names.of(), tokens=tokens or Tokens(), upload=limits.upload * MEGABYTE,
        disk=limits.disk * MEGABYTE, idle=limits.idle,
    )  # fmt: skip
    app.add_middleware(Counted, metrics=metrics)
    return app
