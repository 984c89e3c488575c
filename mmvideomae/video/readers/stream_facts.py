"""What a decoder needs to know about a stream to decode its packets."""

from fractions import Fraction
from typing import NamedTuple

import av

from mmvideomae.compat.video import give_extradata

# Codecs whose decoders need nothing from a container beyond a `StreamFacts`.
_SELF_CONTAINED = ('h264', 'hevc', 'av1', 'vp8', 'vp9', 'mpeg4', 'mjpeg')


class StreamFacts(NamedTuple):
    """A stream of pictures, as its container describes it.

    Attributes:
        container: FFmpeg's names for its format.
        decoder, codec: FFmpeg's names for the decoder and the codec.
        tag: The container's four-letter code for the codec.
        extradata: Headers that the container stores outside of packets.
        size: Width and height in stored pixels.
        depth: Number of pictures that the decoder holds back to put them in order.
        colours: Range and matrix, as FFmpeg's numbers.
        picture_aspect, aspect: Pixel aspect ratio according to the pictures and to the container; 0
            if unknown.
        clock: Unit of time in seconds.
        rate: Frames per second according to the container.
        listed: Number of frames in its header; 0 if there is none.
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
        """Take the facts from an open file."""
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
        """Whether a separate decoder decodes packets like the container's decoder."""
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
        """Prepare a decoder to start elsewhere in the stream."""
        if context.is_open:
            context.flush_buffers()
        if self.depth and hasattr(context, 'reorder_depth'):  # since PyAV 17
            context.reorder_depth = self.depth


def _tag(context: av.VideoCodecContext) -> str:
    """The four-letter code; empty if it is not text."""
    try:
        return context.codec_tag
    except UnicodeDecodeError:
        return ''
