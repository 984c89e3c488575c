"""Extract codes of many videos, shared among processes and resumable."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from mmvideomae import storage
from mmvideomae.formats.code_files import CodeFileError, CodeInfo, code_path
from mmvideomae.jobs.video_jobs import Advance, Job, Outcome, Progress, work_through
from mmvideomae.preparation.codes.extractor import CodeExtractor


def extract_codes(
    extractor: CodeExtractor, jobs: Sequence[Job], out: Path, progress: Progress | None = None
) -> Iterator[Outcome]:
    """Extract unfinished videos into ``out/ID/VIEW.npy`` and ``out/codes.json``.

    Views may be added to a folder later.  See `work_through`.

    Raises:
        CodeFileError: The folder holds codes of another tokenizer, size or rate.
        OSError: The folder ``out`` cannot be written.
    """
    describe_codes(extractor.info, out)

    def extract(job: Job, advance: Advance) -> int:
        return extractor.save(job.path, out, job.video_id, advance)

    def finished(job: Job) -> bool:
        views = extractor.info.views
        return all(code_path(out, job.video_id, view).is_file() for view in views)

    yield from work_through(jobs, out, finished, extract, progress=progress)


def describe_codes(info: CodeInfo, out: Path) -> None:
    """Write ``codes.json``, or add views to it.

    Raises:
        CodeFileError: The file has other settings.
    """
    storage.check_writable(out / '.error')
    with storage.in_turn(out):
        if storage.read_note(out / 'codes.json') is not None:
            standing = CodeInfo.read(out)
            try:
                standing.check(out, {**asdict(info), 'views': None})
            except CodeFileError as error:
                raise CodeFileError(out, f'{error.reason}: choose another folder') from None
            added = tuple(view for view in info.views if view not in standing.views)
            info = replace(info, views=(*standing.views, *added))
        info.write(out)
