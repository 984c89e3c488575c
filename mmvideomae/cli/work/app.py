"""Serve models on a web page, for ``mmvideomae app``."""

import argparse
import json
import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmvideomae.apis import (
    ActionDetector,
    FeatureExtractor,
    Reconstructor,
    TemporalLocalizer,
    VideoClassifier,
    init_model,
)
from mmvideomae.cli.tool import Told, UsageError, work_bars
from mmvideomae.cli.work.app_answers import Answers, Library, shown_names
from mmvideomae.cli.work.app_page import build_page, gradio
from mmvideomae.errors import UserError
from mmvideomae.jobs.video_jobs import jobs_of

_MODELS = ('classify', 'localize', 'detect', 'reconstruct', 'search')


class PortError(UserError, OSError):
    """The page cannot be served at this address."""


def make(args: argparse.Namespace) -> Told:
    """Load the models and serve the page; the text of the result lasts until Ctrl-C."""
    if not any(getattr(args, name) for name in _MODELS):
        named = ', '.join(f'--{name}' for name in _MODELS)
        raise UsageError(f'give one model at least: {named}')
    if args.search and not args.videos:
        raise UsageError('--search needs the folder in which it searches: --videos FOLDER')
    gradio()  # fails before models are loaded
    jobs = jobs_of(args.videos, filename_tmpl=args.filename_tmpl) if args.videos else []
    return Told(None, _serve(args, shown_names(jobs)))


def _serve(args: argparse.Namespace, videos: dict[str, str]) -> Iterator[str]:
    """Serve until Ctrl-C; the address, and what was left out, are the lines."""
    with tempfile.TemporaryDirectory(prefix='mmvideomae_app_') as folder:
        os.environ['GRADIO_TEMP_DIR'] = folder  # uploads, which are deleted with it
        answers = _answers(args, Path(folder))
        page = build_page(answers, videos)
        address = _launch(page, args, folder)
        try:
            if answers.library and answers.library.failed and not args.json:
                failed = answers.library.failed
                first = ': '.join(next(iter(failed.items())))
                yield f'{len(failed)} videos cannot be searched, such as {first}'
            yield json.dumps({'address': address}) if args.json else f'{address}  (Ctrl-C ends)'
            threading.Event().wait()
        except KeyboardInterrupt:
            pass  # the usual way to stop it
        finally:
            page.close(verbose=False)


def _launch(page: Any, args: argparse.Namespace, folder: str) -> str:
    """Serve the page and return its address.

    Raises:
        PortError: The port is taken, or the host is not of this machine.
    """
    gr = gradio()
    allowed = [folder, *([os.path.abspath(args.videos)] if args.videos else [])]
    try:
        _, address, _ = page.launch(
            server_name=args.host,
            server_port=args.port or _free_port(args.host),
            allowed_paths=allowed,
            theme=gr.themes.Default(
                primary_hue='indigo', font=['system-ui', 'sans-serif'], font_mono=['monospace']
            ),
            footer_links=[],
            share=False,
            ssr_mode=False,
            quiet=True,
            prevent_thread_lock=True,
        )
    except OSError as error:
        raise PortError(
            f'the page cannot be served at {args.host}:{args.port}: choose another --port, or 0 '
            f'for a free one ({error})'
        ) from None
    return address


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def _answers(args: argparse.Namespace, folder: Path) -> Answers:
    """The models that the options name."""
    reading: dict[str, Any] = {'filename_tmpl': args.filename_tmpl, 'fps': args.fps}
    given = {'device': args.device, 'batch_size': args.batch_size, **reading}
    answers = Answers(folder, **reading)
    if args.classify:
        config, weights = args.classify
        answers.classifier = VideoClassifier(config, weights, classes=args.classes, **given)
    if args.localize:
        first, its_weights, second, their_weights = [*args.localize, None, None][:4]
        windows = {'preset': args.preset} if second else {}  # one trained end to end has its own
        answers.localizer = TemporalLocalizer(
            first, its_weights, second, their_weights, classes=args.classes, **windows, **given
        )
    if args.detect:
        config, weights = args.detect
        given_people = {'people': args.people, 'people_checkpoint': args.people_checkpoint}
        given_people['min_box_score'] = args.min_box_score
        answers.detector = ActionDetector(
            config, weights, classes=args.classes, **given_people, **given
        )
    if args.reconstruct:
        config, weights = args.reconstruct
        answers.reconstructor = Reconstructor(init_model(config, weights, args.device))
    if args.search:
        config, weights = args.search
        extractor = FeatureExtractor(config, weights, preset=args.preset, **given)
        with work_bars() as begin:
            progress = _bars(begin)
            answers.library = Library(extractor, args.videos, args.out / 'features', progress)
    return answers


def _bars(begin: Any) -> Any:
    """A bar for each video whose features are computed."""
    moving: dict[str, Any] = {}

    def progress(name: str, done: int, total: int) -> None:
        if name not in moving:
            moving[name] = begin(f'features of {name}')
        moving[name](done, total)

    return progress
