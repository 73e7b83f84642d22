"""Optional extras of the installation: their packages, and the command that installs them."""

from importlib.util import find_spec

from brushwork.errors import UserError

# Modules of each extra in pyproject.toml, without those of the extras that it includes.
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
    """Return whether all packages of an extra are installed, without importing them."""
    return all(find_spec(module) for module in EXTRAS[extra])


def require(extra: str, purpose: str) -> None:
    """Check that an extra is installed.

    Args:
        extra: A key of `EXTRAS`.
        purpose: What needs the extra; the message begins with it.

    Raises:
        UserError: If a package of the extra is missing; the message gives the command that installs it.
    """
    if not installed(extra):
        raise UserError(f"{purpose} needs an optional extra: pip install 'brushwork[{extra}]'")
