"""Extract features of many videos."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from mmvideomae.apis.features.extractor import FeatureExtractor
from mmvideomae.formats.feature_info import FeatureInfo
from mmvideomae.jobs.video_jobs import Advance, Job, Outcome, Progress, file_of, work_through


def extract_all(
    extractor: FeatureExtractor,
    jobs: Sequence[Job],
    out: Path,
    progress: Progress | None = None,
) -> Iterator[Outcome]:
    """Extract unfinished videos into ``out/ID.npy`` and ``out/ID.json``; see `work_through`.

    Raises:
        ValueError: Finished features were made with other settings.  Raised before anything is
            extracted, unless another process writes them meanwhile.
        OSError: The folder ``out`` cannot be written.
    """

    def extract(job: Job, advance: Advance) -> int:
        info = extractor.save(job.path, file_of(job, out, '.npy'), advance, job.video_id)
        return extractor.plan(info.frames).steps

    def finished(job: Job) -> bool:
        return is_finished(extractor, job, out)

    return work_through(jobs, out, finished, extract, progress=progress)


def is_finished(extractor: FeatureExtractor, job: Job, out: Path) -> bool:
    """Whether a video has its features and their description.

    Raises:
        ValueError: The description contradicts the settings.
    """
    path = file_of(job, out, '.npy')
    if not path.is_file():
        return False
    try:
        FeatureInfo.read(path, job.video_id).check(extractor.expected())
    except FileNotFoundError as error:
        raise ValueError(
            f'{error}: it was not extracted by this tool; choose another output folder'
        ) from None
    except ValueError as error:
        raise ValueError(
            f'{out} holds other features: {error}; choose another output folder, or delete these'
        ) from None
    return True
