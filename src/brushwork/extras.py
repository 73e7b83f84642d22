"""Optional parts of the installation: which packages each needs, and the command that installs it."""

from importlib.util import find_spec

from brushwork.errors import UserError

# The modules that an extra of pyproject.toml brings, apart from those of the extras that it includes.
EXTRAS: dict[str, tuple[str, ...]] = {
    "torch": ("torch", "safetensors", "onnx", "onnxscript"),
    "training": ("tensorboard",),
    "analysis": ("matplotlib", "sklearn"),
    "video": ("av", "cv2"),
    "dataset": ("pyarrow", "fsspec", "faiss"),
    "ray": ("ray",),
    "camera": ("pyvirtualcam",),
    "heif": ("pillow_heif",),
    "jxl": ("pillow_jxl",),
    "words": ("wordllama", "tokenizers"),
    "web": ("fastapi", "prometheus_client", "uvicorn", "wsproto"),
}


def installed(extra: str) -> bool:
    """Whether every package of an extra is installed; none is imported."""
    return all(find_spec(module) for module in EXTRAS[extra])


def require(extra: str, purpose: str) -> None:
    """Check that an extra is installed.

    Args:
        extra: A key of `EXTRAS`.
        purpose: What needs it; the first words of the message.

    Raises:
        UserError: If a package of the extra is missing; the message names the command that installs it.
    """
    if not installed(extra):
        raise UserError(f"{purpose} needs an optional part: pip install 'brushwork[{extra}]'")
