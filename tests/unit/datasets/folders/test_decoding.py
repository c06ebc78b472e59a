"""Pixels of files: what is converted, how, and what is refused."""

import io

import numpy as np
import pytest
from PIL import Image
from support.image_folders import SIZE, described, picture

from mnbench.datasets.folders.decoding import AnotherSize, NotAnImage, decode

COLOURS = picture(1)
PIXELS = np.asarray(COLOURS).transpose(2, 0, 1)


def content(image: Image.Image, format: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def decoded(image: Image.Image, format: str = "PNG", *, keys=None, **options):
    return decode(content(image, format, **options), described(None, **(keys or {})))


def refusal(data: bytes, **keys) -> str:
    with pytest.raises(NotAnImage) as error:
        decode(data, described(None, **keys))
    return str(error.value)


@pytest.mark.parametrize(
    ("format", "options"), [("PNG", {}), ("BMP", {}), ("WEBP", {"lossless": True})]
)
def test_lossless_formats_give_the_pixels_channels_first(format, options):
    pixels, done = decoded(COLOURS, format, **options)
    assert pixels.dtype == np.uint8 and pixels.shape == (3, SIZE, SIZE) and done == ()
    np.testing.assert_array_equal(pixels, PIXELS)


def test_jpeg_gives_nearly_the_pixels():
    pixels, done = decoded(COLOURS, "JPEG", quality=95, subsampling=0)
    assert np.abs(pixels.astype(int) - PIXELS).mean() < 6 and done == ()


def test_grey_and_colour_are_made_of_each_other_and_counted():
    grey = picture(1, mode="L")
    pixels, done = decoded(grey)
    assert done == ("grey made rgb",)
    for channel in pixels:
        np.testing.assert_array_equal(channel, np.asarray(grey))
    pixels, done = decoded(COLOURS, keys={"channels": "grey"})
    assert pixels.shape == (1, SIZE, SIZE) and done == ("colour made grey",)
    np.testing.assert_array_equal(pixels[0], np.asarray(grey))
    assert decoded(grey, keys={"channels": "grey"})[1] == ()


def test_a_palette_gives_its_colours():
    palette = COLOURS.convert("P", palette=Image.Palette.ADAPTIVE, colors=256)
    pixels, done = decoded(palette)
    assert done == ("palette converted",)
    np.testing.assert_array_equal(pixels, np.asarray(palette.convert("RGB")).transpose(2, 0, 1))
    scaled, _ = decoded(picture(1, (20, 20)).convert("P"), keys={"resize": True})
    assert np.abs(scaled.astype(int) - PIXELS).mean() < 40  # colours, not positions in a palette


def test_an_opaque_alpha_channel_is_dropped_and_a_transparent_one_refused():
    opaque = COLOURS.copy()
    opaque.putalpha(255)
    pixels, done = decoded(opaque)
    np.testing.assert_array_equal(pixels, PIXELS)
    assert done == ("alpha channel dropped",)
    opaque.putpixel((3, 3), (0, 0, 0, 254))
    assert refusal(content(opaque)) == "has transparent pixels"
    palette = COLOURS.convert("P", palette=Image.Palette.ADAPTIVE)
    index = palette.getpixel((0, 0))
    assert refusal(content(palette, transparency=index)) == "has transparent pixels"


def test_cmyk_is_converted_and_counted():
    pixels, done = decoded(COLOURS.convert("CMYK"), "JPEG", quality=95, subsampling=0)
    assert done == ("CMYK converted",) and np.abs(pixels.astype(int) - PIXELS).mean() < 12


def test_sixteen_bits_are_refused():
    values = np.arange(SIZE * SIZE, dtype=np.uint16).reshape(SIZE, SIZE) * 500
    assert refusal(content(Image.fromarray(values))) == "has 16 bits a channel"


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_animations_are_refused(format):
    moving = content(COLOURS, format, save_all=True, append_images=[picture(2), picture(3)])
    assert refusal(moving) == "is animated: several images in a file"


def test_a_photograph_is_turned_as_exif_says():
    exif = Image.Exif()
    exif[0x0112] = 6
    turned, done = decoded(COLOURS, exif=exif)
    assert done == ("turned as EXIF says",)
    np.testing.assert_array_equal(turned, np.rot90(PIXELS, -1, axes=(1, 2)))
    exif[0x0112] = 1
    assert decoded(COLOURS, exif=exif)[1] == ()


def test_another_size_is_refused_unless_it_is_to_be_scaled():
    tall = picture(1, (SIZE, 2 * SIZE))
    with pytest.raises(AnotherSize, match="has 16 x 8 pixels"):
        decode(content(tall), described(None))
    pixels, done = decoded(tall, keys={"resize": True})
    assert done == ("scaled",)
    middle = np.asarray(tall)[SIZE // 2 : SIZE // 2 + SIZE].transpose(2, 0, 1)
    np.testing.assert_array_equal(pixels, middle)  # the shorter side has the size already


@pytest.mark.parametrize("format", ["JPEG", "PNG", "BMP", "WEBP"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_a_truncated_file_is_refused(format, share):
    whole = content(picture(1, (64, 64)), format)
    assert decode(whole, described(None, image_size=64))
    said = refusal(whole[: int(share * len(whole))], image_size=64)
    assert said.startswith(("is damaged", "is no JPEG"))


def test_a_jpeg_file_without_its_last_byte_is_refused():
    assert refusal(content(COLOURS, "JPEG")[:-1]) == "is damaged (image file is truncated)"


def test_text_and_other_formats_are_refused():
    assert refusal(b"no image at all") == "is no JPEG, PNG, WebP or BMP image"
    assert refusal(content(COLOURS, "GIF")) == "is no JPEG, PNG, WebP or BMP image"


def test_a_small_file_with_a_huge_image_is_refused_before_it_is_decoded():
    assert refusal(content(Image.new("1", (20_000, 20_000)))) == "has too many pixels"
