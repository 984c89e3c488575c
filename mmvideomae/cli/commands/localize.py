"""Find which actions happen in videos, and when, with a temporal detector.

mmvideomae localize CONFIG CKPT film.mp4 --out work_dirs/film
mmvideomae localize FEATURE_CONFIG FEATURE_CKPT CONFIG CKPT *.mp4 --out work_dirs/films \\
    --preset videomaev2_thumos14 --classes classes.txt --min-score 0.2
mmvideomae localize CONFIG CKPT 0 --live --min-score 0.2

A CONFIG trained end to end sees the videos itself.  Any other detector works on features, which
FEATURE_CONFIG makes, so these must be those on which the detector was trained.  OUT/segments.json
holds the segments of all videos in ActivityNet's layout of results, which mmvideomae eval-segments
reads, and OUT/NAME.png shows those of one video.  With --overlay, OUT/NAME.mp4 is the video with
the best current segment written on it; with --html, OUT/NAME.html is a self-contained page that
plays the video above its segments.  Videos that cannot be read are reported and left out, and the
exit status is 1.

With --live, VIDEO is the number of a camera, the address of a stream (rtsp://, http://) or a file
that is played like one, and CONFIG is trained end to end.  Each segment is printed once, when no
later window can change it: at most the length of a window after its end.
"""

import argparse
from pathlib import Path

from mmvideomae.apis.features.settings import PRECISIONS, PRESET_NAMES
from mmvideomae.cli.feature_options import add_feature_settings
from mmvideomae.cli.inputs import VideosAction, checkpoint_path, config_path
from mmvideomae.cli.options import add_cfg_options, add_frames, add_option
from mmvideomae.cli.tool import run_tool, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add(
        'config',
        type=config_path,
        metavar='CONFIG',
        help='config of the end-to-end detector, or of the features',
    )
    add('checkpoint', type=checkpoint_path, metavar='CKPT', help='its weights')
    add(
        'videos',
        action=VideosAction,
        metavar='VIDEO',
        nargs='+',
        help='file or folder of frames; before the videos, config and weights of the detector that '
        'works on the features, if the first model makes features',
    )
    add('--out', type=Path, metavar='DIR', help='folder for the results; needed without --live')
    add(
        '--classes',
        metavar='FILE',
        help="class names, one per line (default: those of the detector's config)",
    )
    add(
        '--min-score',
        type=float,
        default=0.0,
        metavar='X',
        help='leave out segments with lower scores (default: keep all that the detector keeps)',
    )
    add_option(parser, '--top-k', 10, 'rows in the table of a video')
    add(
        '--truth',
        metavar='FILE',
        help='annotation of the videos: also draws the true segments, below those that were found',
    )
    add(
        '--preset',
        choices=PRESET_NAMES,
        help="windows and preprocessing (default: the feature config's, else finetuned)",
    )
    add_feature_settings(parser)
    add('--live', action='store_true', help='print the segments of a camera or stream as it runs')
    add('--seconds', type=float, help='end --live after this time (default: with Ctrl-C)')
    _add_reading(parser)
    add_option(
        parser,
        '--overlay',
        False,
        'write OUT/NAME.mp4; set --min-score, since there are many segments with low scores',
    )
    add_option(
        parser,
        '--html',
        False,
        'write OUT/NAME.html, which contains the video; large files, and those that '
        'browsers cannot play, as a copy of at most 640 pixels',
    )
    return parser


def _add_reading(parser: argparse.ArgumentParser) -> None:
    """Options for reading videos and computing features."""
    add_option(parser, '--batch-size', 8, 'windows per batch')
    parser.add_argument(
        '--precision',
        choices=PRECISIONS,
        default='auto',
        help='precision of the features (default: float16 on a GPU, else float32)',
    )
    add_frames(parser)
    parser.add_argument(
        '--device', help='for example cpu or cuda:1 (default: a GPU if there is one)'
    )
    add_cfg_options(parser, "override entries of the detector's config")


def main() -> int:
    """Run the command line."""
    help_of_json = 'print one JSON object on stdout; with --live, one per segment'
    return run_tool(options(), 'mmvideomae.cli.work.localize', json_help=help_of_json)
