"""What a decoder has to be told of a stream whose packets it gets."""

from fractions import Fraction
from typing import NamedTuple

import av

from mmvideomae.compat import give_extradata

# How streams are coded whose decoders need no more of a container than is written down here.
_SELF_CONTAINED = ('h264', 'hevc', 'av1', 'vp8', 'vp9', 'mpeg4', 'mjpeg')


class StreamFacts(NamedTuple):
    """A stream of pictures, as its container describes it.

    Attributes:
        container: FFmpeg's names of its format.
        decoder, codec: FFmpeg's names of what decodes it, and of how it is coded.
        tag: The container's four letters for that.
        extradata: Headers that the container has apart from packets.
        size: Width and height in stored pixels.
        depth: How many pictures wait in the decoder for one that is shown before them.
        colours: Range and matrix, by FFmpeg's numbers.
        picture_aspect, aspect: Of pixels, as the pictures and as the container say; 0: not known.
        clock: Seconds of a unit of time.
        rate: Frames per second that the container gives.
        listed: Frames that its header lists; 0: it lists none.
    """

    container: str
    decoder: str
    codec: str
    tag: str
    extradata: bytes
    size: tuple[int, int]
    depth: int
    colours: tuple[int, int]
    picture_aspect: Fraction
    aspect: Fraction
    clock: Fraction
    rate: float
    listed: int

    @classmethod
    def of(cls, container: str, stream: av.VideoStream) -> 'StreamFacts':
        """Write down what an open file tells."""
        context = stream.codec_context
        return cls(
            container,
            context.codec.name,
            context.codec.canonical_name,
            _tag(context),
            bytes(context.extradata or b''),
            (context.width, context.height),
            getattr(context, 'reorder_depth', int(context.has_b_frames)),
            (int(context.color_range), int(context.colorspace)),
            context.sample_aspect_ratio or Fraction(0),
            stream.sample_aspect_ratio or Fraction(0),
            stream.time_base or Fraction(0),
            float(stream.average_rate or stream.guessed_rate or 0),
            stream.frames,
        )

    @property
    def self_contained(self) -> bool:
        """Whether a decoder of one's own decodes packets as the container's does."""
        if self.codec == 'h264' and self.depth:  # its decoder may have to guess the depth
            return bool(self.tag) and hasattr(av.VideoCodecContext, 'reorder_depth')
        return bool(self.tag) and self.codec in _SELF_CONTAINED

    def new_decoder(self) -> av.VideoCodecContext:
        """A decoder of the stream's packets, not open yet."""
        context = av.codec.Codec(self.decoder, 'r').create('video')
        if self.extradata:
            give_extradata(context, self.extradata)
        context.codec_tag = self.tag
        context.width, context.height = self.size
        context.color_range, context.colorspace = self.colours
        context.sample_aspect_ratio = self.picture_aspect
        self.rewind(context)
        return context

    def rewind(self, context: av.VideoCodecContext) -> None:
        """Let a decoder begin anew, elsewhere in the stream."""
        if context.is_open:
            context.flush_buffers()
        if self.depth and hasattr(context, 'reorder_depth'):  # since PyAV 17
            context.reorder_depth = self.depth


def _tag(context: av.VideoCodecContext) -> str:
    """Four letters; none where they are no letters."""
    try:
        return context.codec_tag
    except UnicodeDecodeError:
        return ''
