"""The page: drop a photo, choose styles, slide, look, save (Gradio, mounted on the API's server)."""

import os
from collections.abc import Callable
from typing import Any

# Before Gradio is imported: it would otherwise ask its makers for news when it starts.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_OFFLINE"] = "1"

import gradio as gr
from fastapi import FastAPI

from brushwork.web.api.clips import Clips
from brushwork.web.page.painter import MOST, Painter, Wishes
from brushwork.web.page.video_tab import clip_tab

TITLE = "brushwork"
CSS = """
footer { display: none !important }
.gradio-container { max-width: 1200px !important }
#styles .grid-wrap { max-height: 330px }
#styles .caption-label { font-size: 11px }
@media (max-width: 600px) { #styles .grid-container { grid-template-columns: repeat(3, minmax(0, 1fr)) !important } }
"""
KEEP = (("The style's colours", ""), ("Keep the photo's: lightness only", "luma"), ("Recolour the style", "histogram"))
HOUR = 3600


def mount(app: FastAPI, clips: Clips) -> Painter:
    """Puts the page at the root of an application; whoever ends the application closes the page's painter."""
    service = clips.service
    painter = Painter(service)
    theme = gr.themes.Default(
        font=["ui-sans-serif", "system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]
    )
    gr.mount_gradio_app(
        app, blocks(painter, clips), path="/", theme=theme, css=CSS, ssr_mode=False, footer_links=[], show_error=True,
        max_file_size=service.limits.upload * 10**6, enable_monitoring=False, pwa=False, mcp_server=False,
        server_name="127.0.0.1",
    )  # fmt: skip
    return painter


def blocks(painter: Painter, clips: Clips) -> gr.Blocks:
    """The page itself."""
    # What a browser has uploaded lies in a temporary folder; it goes after an hour.
    page = gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(HOUR // 4, HOUR))
    with page:
        gr.Markdown(f"# {TITLE}\nA photo, and the style of any picture. Nothing leaves this machine.")
        with gr.Tab("Photo"):
            _photo_tab(painter)
        with gr.Tab("Video"):
            clip_tab(clips, painter.names())
        with gr.Tab("Camera"):
            _camera_tab(painter)
    return page


def _photo_tab(painter: Painter) -> None:
    """Photo and styles on the left, the pastiche on the right; below each other on a phone."""
    with gr.Row():
        with gr.Column(scale=1, min_width=320):
            photo = gr.Image(label="Photo", type="filepath", sources=["upload", "clipboard"], height=240,
                             elem_id="photo", buttons=[], image_mode=None)  # fmt: skip
            chosen, gallery, own, shares = _styles(painter)
            strength, stroke, keep = _look(painter)
        with gr.Column(scale=1, min_width=320):
            seen = gr.ImageSlider(label="Before and after", type="filepath", interactive=False, elem_id="pastiche",
                                  buttons=["fullscreen"], max_height=700)  # fmt: skip
            with gr.Row():
                render = gr.Button("Paint at full size", variant="primary", elem_id="render")
                save = gr.DownloadButton("Save", interactive=False, elem_id="save")
            note = gr.Markdown(elem_id="note")
            with gr.Accordion("Another style in one place", open=False):
                region = gr.ImageEditor(
                    label="Paint over the place", type="numpy", layers=False, transforms=(), sources=[], buttons=[],
                    brush=gr.Brush(default_size=40, colors=["#ff0080"], color_mode="fixed"), elem_id="region",
                )  # fmt: skip
                other = gr.Dropdown([("none", ""), *painter.names()], value="", label="Its style", elem_id="other")
    wishes = [photo, chosen, own, *shares, strength, stroke, keep, region, other]

    def told(function: Callable[[Wishes], Any]) -> Callable[..., Any]:
        async def call(*values: Any) -> Any:
            return await function(Wishes.of(values))

        return call

    async def small_then_large(*values: Any) -> Any:
        wished = Wishes.of(values)
        yield await painter.preview(wished, small=True)
        yield await painter.preview(wished)

    picture: dict[str, Any] = {"inputs": wishes, "outputs": [seen, note], "show_progress": "hidden"}
    small = told(lambda wished: painter.preview(wished, small=True))
    for slider in (*shares, strength, stroke):
        slider.input(small, trigger_mode="always_last", **picture)
        slider.release(told(painter.preview), **picture)
    for control in (chosen, own, keep, other):
        control.change(small_then_large, trigger_mode="always_last", **picture)
    photo.change(painter.show, photo, [region, save]).then(small_then_large, **picture)
    region.change(told(painter.preview), trigger_mode="always_last", **picture)
    gallery.select(painter.choose, chosen, [chosen])
    gr.on([chosen.change, own.change], painter.label, [chosen, own], shares, show_progress="hidden")
    render.click(told(painter.render), wishes, [save, note])


def _styles(painter: Painter) -> tuple[Any, Any, Any, list[Any]]:
    """The gallery, the chosen names, the user's own pictures, and a slider for each of them."""
    gallery = gr.Gallery(painter.thumbnails(), label="Styles: choose up to four", columns=4, allow_preview=False,
                         elem_id="styles", buttons=[], interactive=False, height=340)  # fmt: skip
    chosen = gr.Dropdown(painter.names(), multiselect=True, max_choices=MOST, label="Chosen", elem_id="chosen")
    own = gr.File(label="Or pictures of your own", file_count="multiple", file_types=["image"], height=120,
                  elem_id="own")  # fmt: skip
    shares = [gr.Slider(0, 1, 1, step=0.05, label=f"Share {n + 1}", visible=False) for n in range(MOST)]
    return chosen, gallery, own, shares


def _look(painter: Painter) -> tuple[Any, Any, Any]:
    """Strength, stroke size and colours."""
    strength = gr.Slider(0, 1, 1, step=0.05, label="Strength", elem_id="strength")
    size = painter.service.stylizer.style_size
    stroke = gr.Slider(96, 768, size, step=16, label="Stroke size", elem_id="stroke")
    keep = gr.Radio(KEEP, value="", label="Colours", elem_id="keep")
    return strength, stroke, keep


def _camera_tab(painter: Painter) -> None:
    with gr.Row():
        camera = gr.Image(sources=["webcam"], streaming=True, type="numpy", label="Camera", buttons=[],
                          elem_id="camera")  # fmt: skip
        pastiche = gr.Image(label="Pastiche", interactive=False, buttons=[], streaming=True, elem_id="camera-pastiche")
    style = gr.Dropdown(painter.names(), value=next(iter(painter.names()), None), label="Style")
    camera.stream(
        painter.live, [camera, style], pastiche, stream_every=0.1, concurrency_limit=1, show_progress="hidden"
    )
