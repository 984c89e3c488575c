"""Contract: the demo's page is self-contained and reports the right numbers."""

import base64
import io
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmvideomae.visualization.charts import Curve
from mmvideomae.visualization.files import save_animation
from mmvideomae.visualization.report import (
    Accuracy,
    Chart,
    Command,
    DemoResults,
    Link,
    Picture,
    demo_page,
    verdict,
    write_demo_report,
)

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


class _Page(HTMLParser):
    """Checks that tags close in order; collects attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.text = ''
        self.headings: list[str] = []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or '' for name, value in attrs if name in ('src', 'href', 'srcset')]
        if tag not in ('meta', 'img', 'link'):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.open and self.open[-1] == 'h2':
            self.headings.append(data)


def _results(video: Path | None = None) -> DemoResults:
    return DemoResults(
        title='Demo <of> motion',
        summary='Few labels & many clips',
        accuracies=[Accuracy('pre-trained', 0.9, 400), Accuracy('from scratch', 0.5, 400)],
        chance=0.125,
        charts=[Chart('Pre-training', [Curve('loss', [0, 1, 2], [1.0, 0.5, 0.25])])],
        pictures=[Picture(PIXELS, 'pixels'), *([Picture(video)] if video else [])],
        commands=[Command('Make data', 'synthesize --a "b"', 75.2), Command('Train', 'train', 3.0)],
        settings={'width': 128, 'mask': '<tube>'},
    )


def test_page_holds_all_parts_and_refers_to_nothing_outside(tmp_path: Path) -> None:
    video = save_animation(tmp_path / 'a.mp4', PIXELS[None, :20, :30].repeat(3, 0))
    path = write_demo_report(tmp_path / 'new' / 'report.html', _results(video))
    text = path.read_text()
    page = _Page(text)
    assert len(page.links) == 4 and all(link.startswith('data:') for link in page.links)
    assert 'http' not in text and '@import' not in text and 'url(' not in text
    assert len(page.headings) == 5
    assert 'alt="pre-trained: 90.0 %, from scratch: 50.0 %, chance 12.5 %"' in text
    for words in ('Demo <of> motion', 'synthesize --a "b"', '95 % interval for 400'):
        assert words in page.text
    for words in ('1 min 15 s', '3.0 s', '1 min 18 s', '<tube>', '40.0 points more', 'beyond'):
        assert words in page.text
    picture = base64.b64decode(page.links[0].partition('base64,')[2])
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(picture))), PIXELS)
    assert base64.b64decode(page.links[1].partition('base64,')[2]) == video.read_bytes()


def test_files_are_linked_beside_the_page_and_next_steps_are_commands() -> None:
    page = demo_page(
        DemoResults(
            'Mine',
            files=[Link('checkpoint', 'my run/epoch_1.pth')],
            next_steps=[Command('classify', 'mmvideomae classify "a b.mp4"')],
        )
    )
    assert _Page(page).headings == ['Files', 'What to try next']
    assert '<a href="my%20run/epoch_1.pth">my run/epoch_1.pth</a>: checkpoint' in page
    assert '<pre>mmvideomae classify &quot;a b.mp4&quot;</pre>' in page


def test_page_of_one_s_own_videos_has_no_accuracies() -> None:
    page = _Page(demo_page(DemoResults('Mine', pictures=[Picture(PIXELS)])))
    assert page.headings == ['Reconstructions']
    assert _Page(demo_page(DemoResults('Nothing'))).headings == []


def test_verdict_follows_the_numbers() -> None:
    good, poor = Accuracy('A', 0.9, 400), Accuracy('B', 0.5, 400)
    assert verdict(good, poor).startswith('A: 40.0 points more than B, beyond')
    assert verdict(poor, good).startswith('B: 40.0 points less than A, beyond')
    assert 'within' in verdict(Accuracy('A', 0.52, 100), Accuracy('B', 0.5, 100))
    assert verdict(Accuracy('A', 0.5), poor) == 'A: 0.0 points more than B.'


def test_nonsense_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='got 87'):
        demo_page(DemoResults('x', accuracies=[Accuracy('a', 87)]))
    with pytest.raises(ValueError, match='must end in'):
        demo_page(DemoResults('x', pictures=[Picture(tmp_path / 'a.bmp')]))
