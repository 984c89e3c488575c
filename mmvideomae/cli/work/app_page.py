"""The web page of ``mmvideomae app``, made with Gradio."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mmvideomae.apis.inference import OnProgress
from mmvideomae.cli.tool import FIXABLE
from mmvideomae.cli.work.app_answers import Answers
from mmvideomae.errors import UserError, one_line

_SEGMENTS = ['from', 'to', 'class', 'score']
_PEOPLE = ['time', 'box', 'actions']
_BUTTONS = ['download', 'fullscreen']  # without that which uploads
_HEIGHT = 400


class GradioMissingError(UserError, ImportError):
    """Gradio, which makes the page, is not installed."""


def gradio() -> Any:
    """The package, which is told to send nothing to its makers.

    Raises:
        GradioMissingError: It is not installed.
    """
    os.environ['GRADIO_ANALYTICS_ENABLED'] = 'False'
    os.environ.setdefault('HF_HUB_DISABLE_TELEMETRY', '1')
    try:
        import gradio as found
    except ImportError as error:
        raise GradioMissingError(
            f"the application needs Gradio: pip install 'mmvideomae[app]' ({error})"
        ) from None
    return found


def build_page(answers: Answers, videos: Mapping[str, str]) -> Any:
    """The page, with a tab for each model.

    Args:
        videos: Paths of the videos to choose from, keyed by name.

    Returns:
        Gradio's ``Blocks``.
    """
    gr = gradio()
    with gr.Blocks(title='mmvideomae', analytics_enabled=False) as page:
        gr.Markdown('# mmvideomae')
        chosen = gr.State()
        with gr.Row():
            shown = gr.Video(sources=['upload'], label='Video', height=320)
            if videos:
                choice = gr.Dropdown([*videos], value=None, label='Or choose one of the videos')
        shown.upload(lambda path: path, shown, chosen, api_visibility='private')
        shown.clear(lambda: None, None, chosen, api_visibility='private')
        if videos:

            def choose(name: str | None) -> tuple[str | None, str | None]:
                if name is None:
                    return None, None
                with _told(gr):
                    return answers.playable(videos[name]), videos[name]

            choice.input(choose, choice, [shown, chosen], api_visibility='private')
        for add in (_add_classify, _add_localize, _add_detect, _add_reconstruct, _add_search):
            add(gr, answers, chosen)
    return page


def _add_classify(gr: Any, answers: Answers, chosen: Any) -> None:
    if answers.classifier is None:
        return

    def run(video: str | None, count: int) -> dict[str, float]:
        with _told(gr):
            return answers.classify(_required(video), int(count))

    with gr.Tab('Classify'):
        most = min(20, len(answers.classifier.classes))
        count = gr.Slider(1, most, min(5, most), step=1, label='Classes')
        button = gr.Button('Classify', variant='primary')
        _connect(button, run, [chosen, count], gr.Label(label='Probabilities'))


def _add_localize(gr: Any, answers: Answers, chosen: Any) -> None:
    if answers.localizer is None:
        return
    bar = gr.Progress()

    def run(video: str | None, least: float, progress: Any = bar) -> Any:
        with _told(gr):
            return answers.localize(_required(video), least, _advance(progress))

    with gr.Tab('Localize'):
        least = gr.Slider(0, 1, 0.2, step=0.01, label='Least score of a segment')
        button = gr.Button('Find segments', variant='primary')
        picture = gr.Image(label='Segments', format='png', buttons=_BUTTONS)
        table = gr.Dataframe(headers=_SEGMENTS, label='Segments', max_height=320)
        _connect(button, run, [chosen, least], [picture, table])


def _add_detect(gr: Any, answers: Answers, chosen: Any) -> None:
    if answers.detector is None:
        return
    bar = gr.Progress()

    def run(video: str | None, least: float, progress: Any = bar) -> Any:
        with _told(gr):
            path, rows = answers.detect(_required(video), least, _advance(progress))
            return str(path), rows

    with gr.Tab('Detect'):
        least = gr.Slider(0, 1, 0.3, step=0.01, label='Least score of an action')
        button = gr.Button('Detect actions', variant='primary')
        overlay = gr.Video(label='People and their actions', autoplay=True, height=_HEIGHT)
        table = gr.Dataframe(headers=_PEOPLE, label='Key frames', max_height=320)
        _connect(button, run, [chosen, least], [overlay, table])


def _add_reconstruct(gr: Any, answers: Answers, chosen: Any) -> None:
    if answers.reconstructor is None:
        return

    def run(video: str | None, ratio: float, start: str) -> Any:
        with _told(gr):
            begin = _seconds(start)
            picture, path, told = answers.reconstruct(_required(video), ratio, begin)
            return told, str(path), picture

    with gr.Tab('Reconstruct'):
        with gr.Row():
            ratio = gr.Slider(0.05, 0.95, 0.75, step=0.05, label='Mask ratio')
            start = gr.Textbox(label='Start in seconds', placeholder='in the middle', max_lines=1)
        button = gr.Button('Reconstruct', variant='primary')
        told = gr.Markdown()
        moving = gr.Video(
            label='Original, masked, reconstructed', autoplay=True, loop=True, height=_HEIGHT
        )
        picture = gr.Image(label='Frames', format='png', buttons=_BUTTONS)
        _connect(button, run, [chosen, ratio, start], [told, moving, picture])


def _add_search(gr: Any, answers: Answers, chosen: Any) -> None:
    if answers.library is None:
        return
    bar = gr.Progress()

    def run(video: str | None, count: int, progress: Any = bar) -> Any:
        with _told(gr):
            return answers.search(_required(video), int(count), _advance(progress))

    with gr.Tab('Search'):
        count = gr.Slider(1, 24, 8, step=1, label='Videos')
        button = gr.Button(f'Search {len(answers.library.jobs)} videos', variant='primary')
        found = gr.Gallery(
            label='Nearest videos, with their cosine',
            columns=4,
            object_fit='contain',
            buttons=_BUTTONS,
        )
        _connect(button, run, [chosen, count], found)


def _connect(button: Any, run: Callable[..., Any], inputs: list[Any], outputs: Any) -> None:
    """Run when the button is clicked; the models work for one visitor at a time."""
    button.click(run, inputs, outputs, concurrency_id='models', api_visibility='private')


def _required(video: str | None) -> str:
    if video is None:
        raise ValueError('upload or choose a video first')
    return video


def _seconds(text: str) -> float | None:
    """A time that a visitor wrote; None if it is empty."""
    if not text.strip():
        return None
    try:
        return float(text)
    except ValueError:
        raise ValueError(f'the start must be a number of seconds, got {text!r}') from None


def _advance(progress: Any) -> OnProgress:
    return lambda done, total: progress((done, total))


@contextmanager
def _told(gr: Any) -> Iterator[None]:
    """Show an error that the visitor can fix on the page; any other is also logged."""
    try:
        yield
    except FIXABLE as error:
        raise gr.Error(one_line(error), print_exception=False) from None
