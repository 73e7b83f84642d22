"""Deinterlaces frames, whose odd and even lines are 1/50 or 1/60 s apart."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import av

NOTE = "interlaced frames are deinterlaced; --no-deinterlace renders them as stored"


def deinterlace(
    frames: Iterator[tuple[int, Any]], time_base: Fraction, found: Callable[[], None]
) -> Iterator[tuple[int, Any]]:
    """Yield the same number of frames; interlaced ones are deinterlaced by FFmpeg's bwdif.

    Args:
        frames: Time, in ticks, and FFmpeg's frame.
        time_base: Seconds per tick.
        found: Called at the first interlaced frame, if there is one; a broadcast may begin without.
    """
    graph: Any = None
    shape = None
    for pts, frame in frames:
        if graph is None and not frame.interlaced_frame:
            yield pts, frame
            continue
        if graph is None:
            found()
        frame.pts, frame.time_base = pts, time_base
        if shape != (frame.width, frame.height, frame.format.name):
            if graph is not None:
                graph.push(None)
                yield from _finished(graph, time_base)
            graph, shape = _graph(frame, time_base), (frame.width, frame.height, frame.format.name)
        graph.push(frame)
        yield from _finished(graph, time_base)
    if graph is not None:
        graph.push(None)
        yield from _finished(graph, time_base)


def _graph(frame: Any, time_base: Fraction) -> Any:
    graph = av.filter.Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=time_base)
    bwdif = graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
    sink = graph.add("buffersink")
    graph.link_nodes(source, bwdif, sink).configure()
    return graph


def _finished(graph: Any, time_base: Fraction) -> Iterator[tuple[int, Any]]:
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        scale = frame.time_base / time_base
        frame.duration = round((frame.duration or 0) * scale)
        yield round(frame.pts * scale), frame
