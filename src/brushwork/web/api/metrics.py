"""Metrics of a server for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from brushwork.web.api.service import Service

PATHS = ("/v1/", "/healthz", "/metrics")  # counted separately; the files of the page are counted as one path


class Metrics:
    """Metrics of one server, in a separate registry."""

    def __init__(self, service: Service) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "brushwork_requests", "Requests by path and status.", ["path", "status"], registry=self.registry
        )
        self.painting = Histogram(
            "brushwork_painting_seconds", "Seconds to render and encode a pastiche.", registry=self.registry,
            buckets=(0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120),
        )  # fmt: skip
        self._service = service
        self.registry.register(self)

    def collect(self) -> list[CounterMetricFamily | GaugeMetricFamily]:
        """Return the metrics that are read from the service on request."""
        waiting = GaugeMetricFamily("brushwork_waiting", "Requests that run or wait.", self._service.queue.waiting)
        embeddings = CounterMetricFamily("brushwork_embeddings", "Embeddings of style pictures by source.",
                                         labels=["source"])  # fmt: skip
        embeddings.add_metric(["kept"], self._service.hits)
        embeddings.add_metric(["predicted"], self._service.misses)
        return [waiting, embeddings]


class Counted:
    """ASGI middleware that counts requests by path and status."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the application, and count the response."""

        async def count(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = scope.get("route")
                known = scope["path"].startswith(PATHS) and route is not None
                path = route.path if known and route is not None else "other"
                self.metrics.requests.labels(path, str(message["status"])).inc()
            await send(message)

        await self.app(scope, receive, count if scope["type"] == "http" else send)
