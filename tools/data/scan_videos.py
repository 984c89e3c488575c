"""Find the videos of a data set that cannot be read.

python tools/data/scan_videos.py data/videos work_dirs/scan
python tools/data/scan_videos.py data/train.csv work_dirs/scan --data-prefix data/videos

Opens every video and decodes its first, middle and last frame.  OUT/good.txt holds the
lines of the list whose videos are good, labels included: a list to train on.  OUT/bad.txt
holds the path and the reason of each of the others.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import track

from mmvideomae.errors import UserError
from mmvideomae.preparation.videos.scan import ScanSettings, items_of, scan, write_report
from mmvideomae.video.readers import BACKENDS


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('source', type=Path, metavar='FOLDER_OR_LIST', help='what to scan')
    parser.add_argument('out', type=Path, metavar='OUT', help='folder for good.txt and bad.txt')
    parser.add_argument(
        '--data-prefix', default='', metavar='FOLDER', help='folder before the paths of a list'
    )
    parser.add_argument(
        '--full', action='store_true', help='decode every frame, not three (slow, and sure)'
    )
    parser.add_argument(
        '--backend', choices=BACKENDS, default='auto', help='reader (default: %(default)s)'
    )
    parser.add_argument(
        '--filename-tmpl',
        default='img_{:05}.jpg',
        metavar='NAME',
        help='names of raw frames, for lists "path start total" (default: %(default)s)',
    )
    parser.add_argument(
        '--workers', type=int, default=os.cpu_count() or 1, help='processes (default: all cores)'
    )
    parser.add_argument(
        '--timeout',
        type=float,
        default=120.0,
        metavar='SECONDS',
        help='a video that takes longer is bad (default: %(default)s)',
    )
    parser.add_argument('--strict', action='store_true', help='exit with 1 when a video is bad')
    parser.add_argument('--json', action='store_true', help='print one JSON object on stdout')
    return parser.parse_args()


def make(args: argparse.Namespace) -> dict[str, object]:
    """Scan and write the two files; returns the summary."""
    items = items_of(args.source)
    prefix = str(args.source) if args.source.is_dir() else args.data_prefix
    settings = ScanSettings(prefix, args.backend, args.full, args.filename_tmpl)
    progress = track(
        scan(items, settings, args.workers, args.timeout),
        'videos',
        total=len(items),
        console=Console(stderr=True),
    )
    results = list(progress)
    write_report(results, items, args.out)
    bad = [result for result in results if result.reason]
    return {
        'videos': len(items),
        'good': len(items) - len(bad),
        'bad': len(bad),
        'frames': sum(result.frames for result in results),
        'hours': round(sum(r.frames / r.fps for r in results if r.fps) / 3600, 4),
        'out': str(args.out),
        'reasons': {result.item.entry.path: result.reason for result in bad},
    }


def main() -> int:
    args = parse_args()
    try:
        summary = make(args)
    except (UserError, ValueError, OSError) as error:
        print(f'scan_videos.py: {error}', file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps(summary))
    else:
        print(
            f'{summary["good"]} of {summary["videos"]} videos are good '
            f'({summary["hours"]} hours), {summary["bad"]} bad; see {args.out}'
        )
        for path, reason in list(summary['reasons'].items())[:10]:
            print(f'  {path}: {reason}')
    return 1 if args.strict and summary['bad'] else 0


if __name__ == '__main__':
    sys.exit(main())
