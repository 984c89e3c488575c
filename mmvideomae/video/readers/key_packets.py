"""What packets of key frames say undecoded: the shape of pictures, and what they cut off.

Only as much is read as tells whether two packets may differ; a decoder has the last word.
"""

from collections.abc import Iterator
from typing import NamedTuple

_HEAD = 4096  # bytes of a packet within which its headers stand
_H264_SETTINGS, _HEVC_SETTINGS = 7, 33  # kinds of units that hold the shape
_H264_SLICE, _H264_IDR = 1, 5
_H264_INTRA = (2, 4)  # I and SI
_HEVC_WHOLE = range(16, 24)
_AV1_SETTINGS = 1


class KeyPacket(NamedTuple):
    """What a packet says that its container calls a key frame.

    Attributes:
        shape: The bytes that fix the shape of its pictures; empty if unknown.
        whole: It refers to nothing before it.  Containers call key frames what has P-slices too,
            where a decoder recovers in time (H.264 with intra refresh), or may, or where their
            list of key frames is missing.
        closed: It cuts off all that precedes it, and is not merely intra-coded.
    """

    shape: bytes
    whole: bool
    closed: bool


def look_at(codec: str, data: bytes, extradata: bytes) -> KeyPacket:
    """Look at a packet that its container calls a key frame.

    Args:
        codec: FFmpeg's name.
        data: The packet.
        extradata: What the container says about the codec, empty where it says nothing.
    """
    if codec == 'h264':
        return _look_at_h264(data, extradata)
    if codec == 'hevc':
        return _look_at_hevc(data, extradata)
    whole = codec != 'mpeg4' or _after(data, b'\x00\x00\x01\xb6', 1) < b'\x40'  # coding type 0
    return KeyPacket(_shape_header(codec, data[:_HEAD]), whole, closed=True)


def _shape_header(codec: str, head: bytes) -> bytes:
    if codec in ('mpeg1video', 'mpeg2video'):
        return _after(head, b'\x00\x00\x01\xb3', 4)  # width, height and aspect
    if codec == 'mpeg4':
        return _after(head, b'\x00\x00\x01\x20', 16)  # a video object layer
    if codec == 'mjpeg':
        return _after(head, b'\xff\xc0', 7)[3:]
    if codec == 'vp8':
        return head[6:10]
    if codec == 'vp9':
        return head[4:9]
    return b''.join(_av1_settings(head)) if codec == 'av1' else b''


def _look_at_h264(data: bytes, extradata: bytes) -> KeyPacket:
    shape, fields = b'', 0
    for unit in _nal_units(data, extradata, 4):
        kind = unit[0] & 0x1F
        if kind == _H264_SETTINGS:
            shape += unit
        elif kind == _H264_IDR:
            return KeyPacket(shape, whole=True, closed=True)
        elif kind == _H264_SLICE:
            begin, slice_type = _golomb(unit[1:9], 2)
            fields += begin == 0
            if fields > 1:  # the second field may refer to the first
                break
            if slice_type % 5 not in _H264_INTRA:
                return KeyPacket(shape, whole=False, closed=False)
    return KeyPacket(shape, whole=True, closed=False)


def _look_at_hevc(data: bytes, extradata: bytes) -> KeyPacket:
    shape = b''
    for unit in _nal_units(data, extradata, 21):
        kind = unit[0] >> 1 & 0x3F
        if kind == _HEVC_SETTINGS:
            shape += unit
        elif kind in _HEVC_WHOLE:
            return KeyPacket(shape, whole=True, closed=False)
    return KeyPacket(shape, whole=False, closed=False)


def _golomb(data: bytes, count: int) -> list[int]:
    """The first numbers of a slice's header (H.264, section 9.1)."""
    bits = ''.join(f'{byte:08b}' for byte in data)
    numbers = []
    for _ in range(count):
        zeros = len(bits) - len(bits.lstrip('0'))
        numbers.append(int(bits[zeros : 2 * zeros + 1] or '1', 2) - 1)
        bits = bits[2 * zeros + 1 :]
    return numbers


def _nal_units(data: bytes, extradata: bytes, width_at: int) -> Iterator[bytes]:
    """Units of H.264 or HEVC, between start codes or after their lengths; the last may be cut.

    Args:
        width_at: The byte of ``extradata`` that says how many bytes a length has.
    """
    if extradata[:1] != b'\x01':  # the containers that give lengths say so here
        yield from (unit for unit in data.split(b'\x00\x00\x01')[1:] if unit)
        return
    place, width = 0, (extradata[width_at:][:1] or b'\x03')[0] % 4 + 1
    while place + width < len(data):
        begin = place + width
        place = begin + int.from_bytes(data[place:begin], 'big')
        if place > begin:
            yield data[begin:place]


def _after(data: bytes, code: bytes, count: int) -> bytes:
    place = data.find(code)
    return data[place + len(code) : place + len(code) + count] if place >= 0 else b''


def _av1_settings(data: bytes) -> Iterator[bytes]:
    """Sequence headers of AV1 (its section 5.3)."""
    place = 0
    while place < len(data):
        head, place = data[place], place + (2 if data[place] & 4 else 1)
        length = len(data) - place
        if head & 2:  # with a length of seven bits a byte
            length, shift = 0, 0
            while place < len(data):
                length |= (data[place] & 0x7F) << shift
                shift, place = shift + 7, place + 1
                if data[place - 1] < 0x80:
                    break
        if head >> 3 & 15 == _AV1_SETTINGS:
            yield data[place : place + length]
        place += length
