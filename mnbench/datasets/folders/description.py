"""What a configuration says of a folder of images.

Open it to add a key to an entry of ``datasets``. The trap: whatever decides pixels, labels or parts
belongs into :attr:`ImageFolder.decisive` as well, or an old cache would be taken for a new one.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, Tag
from pydantic.dataclasses import dataclass

from mnbench.files import file_name

TRAIN_FOLDER = "train"
CHANNELS: Mapping[str, int] = {"rgb": 3, "grey": 1}
LARGEST_IMAGE = 1024  # pixels; networks of this project are for far smaller images


def _part_name(name: str) -> str:
    if file_name(name) == TRAIN_FOLDER:
        raise ValueError(f"'{TRAIN_FOLDER}' has the training images; name another folder")
    return name


def _kind_of_test(value: Any) -> str:
    return "[name]" if isinstance(value, str) else "[fraction]"


TestPart = Annotated[
    Annotated[str, AfterValidator(_part_name), Tag("[name]")]
    | Annotated[float, Field(gt=0, lt=1), Tag("[fraction]")],
    Discriminator(_kind_of_test),
]


@dataclass(frozen=True, config=ConfigDict(extra="forbid", strict=True, allow_inf_nan=False))
class ImageFolder:
    """A folder of images as a data set: a folder for each class, named by the class."""

    name: Annotated[str, AfterValidator(file_name)] = Field(
        description="Name of the data set, in file names and tables.",
        examples=["flowers"],
    )
    folder: str = Field(
        min_length=1,
        description="The folder. It holds `train` and `test`, and each of them a folder for each "
        "class. A relative path starts at the working directory.",
        examples=["../flowers"],
    )
    image_size: int = Field(
        ge=1,
        le=LARGEST_IMAGE,
        description="Height and width in pixels that images have, or get with `resize`.",
        examples=[32],
    )
    channels: Literal["rgb", "grey"] = Field(
        default="rgb",
        description="`rgb`, the default, repeats the values of grey images three times. `grey` "
        "takes the brightness of colour images.",
        examples=["grey"],
    )
    test: TestPart = Field(
        default="test",
        description="The test images: the name of the folder beside `train` that holds them, or a "
        "fraction. With a fraction `folder` holds the classes themselves. That share of each class "
        "is for testing, chosen by what the images are, and so the same in every run.",
        examples=[0.2],
    )
    resize: bool = Field(
        default=False,
        description="Whether images of other sizes are scaled and their middle cut out. Without "
        "it, the default, they are refused.",
        examples=[True],
    )
    title: str = Field(
        default="",
        description="What figures call the data set. The default is its name.",
        examples=["Flowers"],
    )

    @property
    def decisive(self) -> dict[str, Any]:
        """What decides the images, beside the files: neither their place nor a title does."""
        return {
            "image_size": self.image_size,
            "channels": self.channels,
            "test": self.test,
            "resize": self.resize,
        }

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of an image."""
        return CHANNELS[self.channels], self.image_size, self.image_size

    def mistake(self, key: str, problem: str) -> str:
        """Return the text of an error about a key of this entry."""
        return f"key 'datasets': '{self.name}', key '{key}': {problem}"
