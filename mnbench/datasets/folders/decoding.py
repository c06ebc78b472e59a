"""A file's bytes to pixels: converted where nothing is guessed, refused where something would be.

=================================  ============================================================
the images are                     and then
=================================  ============================================================
grey, to be ``rgb``                their values are repeated
in colour, to be ``grey``          their brightness is taken (ITU-R 601)
of a palette                       its colours are taken
of CMYK                            converted, without a colour profile
with an alpha channel, all opaque  the channel is dropped
turned by an EXIF entry            turned as it says
with transparent pixels            refused: what is behind them is not known
of 16 bits a channel               refused: half of them would be lost
animated                           refused: they are several images
of another size                    refused, or with ``resize`` the shorter side is scaled to
                                   the size (bicubic) and the middle is cut out
=================================  ============================================================

Open it when pixels are other than you thought. The trap: Pillow is imported inside the function
that decodes, since Snakemake imports this package each time it parses the workflow.
"""

from typing import TYPE_CHECKING

import numpy as np

from mnbench.datasets.folders.description import ImageFolder

if TYPE_CHECKING:
    from PIL import Image

_FORMATS = ("JPEG", "PNG", "WEBP", "BMP")
LARGEST_SOURCE = 50_000_000  # pixels of a file: a few kilobytes may stand for gigabytes
_PNG_DEPTH = 24  # where a PNG file says the bits a channel
_JPEG_END = b"\xff\xd9"
_ORIENTATION = 0x0112  # EXIF's number for it
# Pillow's names of how pixels are kept.
_ALPHA = {"LA": "L", "RGBA": "RGB", "PA": "P"}
_GREY, _COLOUR = ("1", "L"), ("RGB", "P", "CMYK", "YCbCr")


class NotAnImage(Exception):
    """Why a file's bytes are not taken."""


class AnotherSize(NotAnImage):
    """An image that is sound, but of another size."""


def decode(content: bytes, description: ImageFolder) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return a file's pixels, and in words what was converted.

    Returns:
        uint8 ``(channels, image_size, image_size)``.

    Raises:
        NotAnImage: the bytes are damaged, or of an image that is not taken; an
            :class:`AnotherSize` if only its size is wrong.
    """
    from io import BytesIO

    from PIL import Image, ImageOps, UnidentifiedImageError

    done: list[str] = []
    try:
        with Image.open(BytesIO(content), formats=_FORMATS) as image:
            _check(image, content)
            image.load()
            plain = ImageOps.exif_transpose(image) if _turned(image, done) else image
            plain = _opaque(plain, done)
            plain = _sized(plain, description, done)
            pixels = np.asarray(_in_channels(plain, description.channels, done))
    except NotAnImage:
        raise
    except UnidentifiedImageError:
        raise NotAnImage("is no JPEG, PNG, WebP or BMP image") from None
    except (Image.DecompressionBombError, MemoryError):
        raise NotAnImage("has too many pixels") from None
    # For damaged bytes decoders raise whatever comes; what they say of them is its first line.
    except Exception as error:
        reason = f"{error}".splitlines()[0] if f"{error}" else type(error).__name__
        raise NotAnImage(f"is damaged ({reason})") from None
    pixels = pixels[np.newaxis] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
    return pixels, tuple(done)


def _check(image: "Image.Image", content: bytes) -> None:
    """Refuse what can be told before the pixels are decoded."""
    if image.width * image.height > LARGEST_SOURCE:
        raise NotAnImage("has too many pixels")
    # Some cameras put a preview behind a JPEG image: that is no animation.
    if image.format not in ("JPEG", "MPO") and getattr(image, "n_frames", 1) > 1:
        raise NotAnImage("is animated: several images in a file")
    if image.format == "PNG" and content[_PNG_DEPTH] == 16:
        raise NotAnImage("has 16 bits a channel")
    # What follows the end is for other programs; without an end the rest may be missing.
    if image.format in ("JPEG", "MPO") and _JPEG_END not in content:
        raise NotAnImage("is damaged (image file is truncated)")
    if image.mode not in (*_ALPHA, *_GREY, *_COLOUR):
        raise NotAnImage(f"has pixels of a kind that is not read ({image.mode})")


def _turned(image: "Image.Image", done: list[str]) -> bool:
    """Return whether an EXIF entry says that the image is to be turned or mirrored."""
    turned = "exif" in image.info and image.getexif().get(_ORIENTATION, 1) in range(2, 9)
    done += ["turned as EXIF says"] if turned else []
    return turned


def _opaque(image: "Image.Image", done: list[str]) -> "Image.Image":
    """Return an image without its alpha channel.

    Raises:
        NotAnImage: some pixel is transparent.
    """
    if "transparency" in image.info:  # of a palette's colour, or one colour of all
        image = image.convert("LA" if image.mode == "L" else "RGBA")
    if image.mode not in _ALPHA:
        return image
    if np.asarray(image.getchannel("A")).min() < 255:
        raise NotAnImage("has transparent pixels")
    done.append("alpha channel dropped")
    return image.convert("RGB" if image.mode == "PA" else _ALPHA[image.mode])


def _sized(image: "Image.Image", description: ImageFolder, done: list[str]) -> "Image.Image":
    """Return an image of the size that a description says.

    Raises:
        AnotherSize: it has another one and must not be scaled.
    """
    from PIL import Image, ImageOps

    size = description.image_size
    if image.size == (size, size):
        return image
    if not description.resize:
        raise AnotherSize(f"has {image.height} x {image.width} pixels")
    done.append("scaled")
    if image.mode in ("P", "1"):  # whose values are no brightness
        image = image.convert("RGB" if image.mode == "P" else "L")
    return ImageOps.fit(image, (size, size), Image.Resampling.BICUBIC)


def _in_channels(image: "Image.Image", channels: str, done: list[str]) -> "Image.Image":
    """Return an image in grey or in colour, whichever it was."""
    if image.mode == "CMYK":
        done.append("CMYK converted")
    if image.mode in _GREY and channels == "rgb":
        done.append("grey made rgb")
    if image.mode in _COLOUR and channels == "grey":
        done.append("colour made grey")
    if image.mode == "P":
        done.append("palette converted")
        image = image.convert("RGB")  # first to colours, whose brightness it may be then
    wanted = {"rgb": "RGB", "grey": "L"}[channels]
    return image if image.mode == wanted else image.convert(wanted)
