"""The segments that were found in a video, and their file format."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

from mmvideomae.apis.predictions import Span

VERSION = 'VERSION 1.3'
"""The version of ActivityNet's result format."""


@dataclass(frozen=True, eq=False)
class FoundSegments(Sequence[Span]):
    """The segments of a video: a sequence of spans by descending score, which may overlap.

    Attributes:
        video: The file or folder.
        video_id: Its name without suffix.
        duration: Duration in seconds.
        spans: (start, end, label, score), times in seconds.
    """

    video: str
    video_id: str
    duration: float
    spans: tuple[Span, ...]

    def __len__(self) -> int:
        return len(self.spans)

    @overload
    def __getitem__(self, place: int) -> Span: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Span, ...]: ...

    def __getitem__(self, place: int | slice) -> Span | tuple[Span, ...]:
        return self.spans[place]

    def at_least(self, score: float) -> 'FoundSegments':
        """The segments with at least this score."""
        return replace(self, spans=tuple(span for span in self.spans if span.score >= score))

    def _repr_html_(self) -> str:
        from mmvideomae.apis.display import segments_html  # which imports this module

        return segments_html(self)

    def to_activitynet(self) -> dict[str, Any]:
        """The `activitynet_results` of this video alone."""
        return activitynet_results([self])


def activitynet_results(found: Iterable[FoundSegments]) -> dict[str, Any]:
    """Plain values in ActivityNet's result format, which ``eval_segments`` reads.

    Raises:
        ValueError: Two videos have the same name.
    """
    results: dict[str, Any] = {}
    for video in found:
        if video.video_id in results:
            raise ValueError(f'two videos have the name {video.video_id!r}: rename one of them')
        results[video.video_id] = [
            {'segment': [span.start, span.end], 'label': span.label, 'score': span.score}
            for span in video
        ]
    return {'version': VERSION, 'results': results, 'external_data': {}}
