"""Limits of the resources that a video may need."""

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class ReadLimits:
    """Limits of a video's memory; a file of a few kilobytes can claim any number of frames.

    Anything above a limit is refused before memory is allocated.

    Attributes:
        pixels: Pixels of one picture; by default those of 8192 x 4352.
        frames: Frames of a video; by default those of 23 hours at 60 frames per second.
        bytes: Bytes of all RGB pictures of one read; by default 1 GiB.
    """

    pixels: int = 8192 * 4352
    frames: int = 5_000_000
    bytes: int = 2**30

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, int) or value < 1:
                raise ValueError(f'limits.{field.name} must be a positive integer, got {value!r}')

    def excess(self, name: str, amount: int, what: str) -> str:
        """Why ``amount`` is too large, with advice; empty if it is not.

        Args:
            name: The limit.
            what: Subject and verb of the sentence, which the amount completes.
        """
        limit = getattr(self, name)
        if amount <= limit:
            return ''
        return (
            f'{what} {amount:,} {name}, and the limit is {limit:,}: transcode it, '
            f'or raise limits.{name} of OpenVideo'
        )
