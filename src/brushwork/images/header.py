"""Reads the header of picture files: colour, orientation, pages and metadata, for all decoders."""

from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image as Pillow
from PIL import ImageFile

from brushwork.images import boxes, colorimetry, directories, gif, jpeg, metadata, png, profiles, tiff, xmp
from brushwork.images.colorimetry import Colorimetry
from brushwork.images.conversion import CHANNELS, ColorEncoding
from brushwork.images.directories import Directory
from brushwork.images.metadata import Metadata


@dataclass(frozen=True)
class Header:
    """Information of a file besides pixels.

    Attributes:
        metadata: Metadata that is valid for the pastiche.
        orientation: EXIF orientation, 1 to 8.
        profile: ICC profile as stored, possibly damaged.
        colorimetry: Colour space that is specified in another way.
        outranks_profile: Whether `colorimetry` takes precedence over the profile.
        page: Directory of a TIFF file that is read.
        number: Number of that page, from 1.
        pages: Number of pages of a TIFF file, without reduced copies and masks.
        ycbcr: Whether colours are stored as YCbCr that the decoder does not convert to RGB.
        alpha: Place of alpha among the channels behind the colours; None if these mean something else.
        lab: Photometric interpretation of CIELAB that libvips does not read; 0 for others.
    """

    metadata: Metadata
    orientation: int = 1
    profile: bytes | None = None
    colorimetry: Colorimetry | None = None
    outranks_profile: bool = False
    page: int = 0
    number: int = 1
    pages: int = 1
    ycbcr: bool = False
    alpha: int | None = 0
    lab: int = 0

    def encoding(self, model: str) -> ColorEncoding:
        """Return the meaning of the pixels' numbers, given the colour model that the decoder reports."""
        space = self.colorimetry if self.colorimetry and not self.colorimetry.is_srgb else None
        outranks = self.outranks_profile
        if not outranks and model == "rgb" and (codes := profiles.codes(self.profile)):
            stated = colorimetry.by_codes(*codes)
            if stated and stated.hdr:  # which a profile would clip, or not tone-map
                space, outranks = stated, True
        if model == "lab":
            return ColorEncoding(model, alpha=self.alpha)
        ycbcr = self.ycbcr and model == "rgb"
        fitting = None if outranks else profiles.fitting(self.profile, CHANNELS[model])
        if fitting is None:
            space = None if model == "cmyk" else space
            return ColorEncoding(model, colorimetry=space, ycbcr=ycbcr, alpha=self.alpha)
        return ColorEncoding(model, self.profile if fitting else None, ycbcr=ycbcr, alpha=self.alpha)

    def notices(self, encoding: ColorEncoding) -> tuple[str, ...]:
        """Return notices for the user about how the file is read, one line each."""
        lines = [
            encoding.notice,
            f"page {self.number} of {self.pages} is used; see --page" if self.pages > 1 else None,
        ]
        return tuple(line for line in lines if line)


NOTHING = Header(metadata.NONE)


def read(file: BinaryIO, kind: str, opened: Pillow.Image | None = None, page: int = 1) -> Header:
    """Read the header of a file.

    Args:
        file: The complete file.
        kind: Its format, one of `formats.READ`.
        opened: The same file opened by Pillow, unless it is a TIFF or PNG file.
        page: Page of a TIFF file, from 1.

    Raises:
        ImageError: If it is a raw file or the page does not exist.
    """
    if kind == "TIFF":
        return _of_tiff(file, page)
    if kind == "PNG":
        return _of_png(file)
    assert isinstance(opened, ImageFile.ImageFile)
    return _of_pillow(file, kind, opened)


def _of_tiff(file: BinaryIO, page: int) -> Header:
    found = directories.read(file)
    tiff.refuse_raw(found)
    pages = tiff.pages(found)
    index = tiff.choose(pages, page)
    directory = found[index] if found else Directory()
    exif = metadata.clean_exif(directory)
    for tag in (
        282,
        283,
        296,
    ):  # resolution is stored separately: the pastiche's TIFF also has these tags
        exif.entries.pop(tag, None)
    found_xmp, iptc, profile = (directory.entries.get(tag) for tag in (700, 33723, 34675))
    kept = Metadata(
        exif=metadata.write_exif(exif),
        xmp=xmp.clean(found_xmp.data if found_xmp else None),
        iptc=metadata.clean_iptc(iptc.data if iptc else None),
        dpi=metadata.resolution(directory),
    )
    turned, space = metadata.orientation(directory), _by_exif(directory)
    return Header(
        metadata=kept,
        orientation=turned,
        profile=profile.data if profile else None,
        colorimetry=space,
        page=index,
        number=page,
        pages=len(pages),
        ycbcr=tiff.is_ycbcr(directory),
        alpha=tiff.alpha_place(directory),
        lab=tiff.unread_lab(directory),
    )


def _of_png(file: BinaryIO) -> Header:
    notes = png.read(file)
    exif = metadata.read_exif(notes.exif)
    kept = Metadata(
        exif=metadata.write_exif(metadata.clean_exif(exif)),
        xmp=xmp.clean(notes.xmp),
        iptc=metadata.clean_iptc(notes.iptc),
        texts=tuple(notes.texts),
        dpi=notes.dpi or metadata.resolution(exif),
    )
    by_codes = colorimetry.by_codes(*notes.codes) if notes.codes else None
    space = by_codes or notes.colorimetry or _by_exif(exif)
    return Header(kept, metadata.orientation(exif), notes.profile, space, outranks_profile=by_codes is not None)


def _of_pillow(file: BinaryIO, kind: str, opened: ImageFile.ImageFile) -> Header:
    info = opened.info
    exif = metadata.read_exif(info.get("exif"))
    boxed = boxes.read(file) if kind in ("AVIF", "HEIF", "JXL") else boxes.BoxNotes()
    own = jpeg.resolution(info) if kind == "JPEG" else None
    segments = getattr(opened, "applist", []) if kind == "JPEG" else []
    comments, marked = gif.read_comments(info) if kind == "GIF" else (jpeg.comments(segments), False)
    stored = metadata.read_exif(boxed.exif) if boxed.exif else exif
    kept = Metadata(
        exif=metadata.write_exif(metadata.clean_exif(stored)),
        xmp=xmp.clean(info.get("xmp") or boxed.xmp),
        iptc=metadata.clean_iptc(jpeg.iptc(info)),
        comments=comments,
        dpi=own or metadata.resolution(stored),
    )
    space = colorimetry.by_codes(*boxed.codes) if boxed.codes else None
    hdr = space is not None and space.hdr
    # The decoder of JPEG XL has turned it already, unless it gave a JPEG back.
    turned = 1 if kind == "JXL" and not getattr(opened, "jpeg", False) else metadata.orientation(exif)
    kept = kept.marked() if marked else kept
    return Header(kept, turned, info.get("icc_profile"), space or _by_exif(stored), outranks_profile=hdr)


def _by_exif(exif: Directory) -> Colorimetry | None:
    """Return Adobe RGB (1998) with gamma 2 + 51/256 if EXIF says so, else None."""
    return Colorimetry(colorimetry.ADOBE, 563 / 256) if metadata.is_adobe_rgb(exif) else None
