"""The page's tab for clips: drop one, choose a style, watch how far it is, play and save its pastiche."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from brushwork.errors import UserError
from brushwork.video.settings import STEADY
from brushwork.web.api.clips import Clips, ClipState
from brushwork.web.api.problems import RefusedError
from brushwork.web.api.service import Style

LOOK = 0.3  # seconds between two looks at how far a clip is


def clip_tab(clips: Clips, names: Sequence[str]) -> None:
    """Clip and style on the left, the painted clip on the right."""
    with gr.Row():
        with gr.Column(scale=1, min_width=320):
            clip = gr.File(label="Clip", file_types=["video"], height=120, elem_id="clip")
            named = gr.Dropdown(list(names), value=next(iter(names), None), label="Style", elem_id="clip-style")
            own = gr.File(label="Or a picture of your own", file_types=["image"], height=120, elem_id="clip-own")
            strength = gr.Slider(0, 1, 1, step=0.05, label="Strength", elem_id="clip-strength")
            steady = gr.Slider(0, 1, STEADY, step=0.01, label="Steadiness", elem_id="clip-steady")
        with gr.Column(scale=1, min_width=320):
            player = gr.Video(label="Pastiche", interactive=False, elem_id="clip-pastiche", buttons=["download"])
            with gr.Row():
                start = gr.Button("Paint the clip", variant="primary", elem_id="clip-start")
                stop = gr.Button("Stop", elem_id="clip-stop")
            note = gr.Markdown("Drop a clip to begin.", elem_id="clip-note")
    key = gr.State("")

    async def paint(*wishes: Any) -> AsyncIterator[Any]:
        async for seen in _paint(clips, *wishes):
            yield seen

    def give_up(running: str) -> None:
        if running:
            clips.remove(running)

    start.click(paint, [clip, named, own, strength, steady], [player, note, key], show_progress="hidden")
    stop.click(give_up, key, None, show_progress="hidden")


async def _paint(
    clips: Clips, path: str | None, named: str | None, own: str | None, strength: float, steady: float
) -> AsyncIterator[tuple[Any, str, str]]:
    """The player's file, a line, and the clip's name, each time something changes."""
    if path is None or not (own or named):
        yield None, "A clip and a style are needed.", ""
        return
    style = Style(Path(own).name, Path(own).read_bytes()) if own else Style(named or "")

    try:
        data = await asyncio.to_thread(Path(path).read_bytes)
        clip = await asyncio.to_thread(clips.start, data, [style], strength=strength, steady=steady)
    except (UserError, RefusedError) as error:
        yield None, f"**{error}**", ""
        return
    while not clip.state.over:
        yield None, progress(clip.state), clip.state.id
        await asyncio.sleep(LOOK)
    done = clip.state.state == "done"
    yield str(clip.pastiche) if done else None, progress(clip.state), ""


def progress(state: ClipState) -> str:
    """How far a clip is, in a line."""
    if state.state == "waiting":
        return "Waiting for its turn."
    if state.state in ("failed", "stopped"):
        return f"**{state.error or 'Stopped.'}**"
    frames = f"{state.frames} frames" if state.count is None else f"{state.frames} of {state.count} frames"
    if state.state == "done":
        return "  \n".join([f"{state.frames} frames.", *state.notes])
    left = "" if state.left is None else f", {state.left:.0f} s left"
    return f"{frames}, {state.rate:.1f} frames/s{left}"
