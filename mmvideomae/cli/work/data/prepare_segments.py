"""Make training data from segments, for ``mmvideomae data prepare-segments``."""

import argparse
import shlex

from mmvideomae.cli.tool import Told, watched
from mmvideomae.preparation.segments.prepare import Prepared, prepare_segments
from mmvideomae.preparation.segments.writing import write_prepared

CONFIGS = {
    'activitynet': {
        'features': 'actionformer/actionformer_tsp_1xb16-len192-15e_activitynet.py',
        'video': 'adatad/adatad_vit-base-p16_4xb4-768even-15e_activitynet.py',
    },
    'multithumos': {
        'features': 'actionformer/actionformer_i3d_1xb2-len2304-45e_multithumos.py',
        'video': 'adatad/adatad_vit-base-p16_2xb1-768x4x1-80e_multithumos.py',
    },
    'charades': {
        'features': 'actionformer/actionformer_videomae-large_1xb16-len512-20e_charades.py',
        'video': 'adatad/adatad_vit-base-p16_4xb4-512x4x1-20e_charades.py',
    },
    'epic-verb': {
        'features': 'actionformer/actionformer_slowfast_1xb2-len2304-21e_epic100-verb.py',
        'video': 'adatad/adatad_vit-large-p16_2xb1-6144x2x1-35e_epic100-verb.py',
    },
    'epic-noun': {
        'features': 'actionformer/actionformer_slowfast_1xb2-len2304-21e_epic100-noun.py',
        'video': 'adatad/adatad_vit-large-p16_2xb1-6144x2x1-35e_epic100-noun.py',
    },
    'ego4d-mq': {
        'features': 'actionformer/actionformer_videomae-large_1xb2-len2048-20e_ego4d-mq.py',
        'video': 'adatad/adatad_vit-large-p16_2xb1-7200x2x1-20e_ego4d-mq_192px.py',
    },
}
"""A config of localization for each published data set and kind of files."""


def make(args: argparse.Namespace) -> Told:
    prepared = prepare_segments(
        args.segments,
        args.videos,
        args.val_share,
        args.seed,
        args.skip_bad,
        lambda videos: watched(videos, 'videos'),
        args.layout,
        args.name,
        args.clock,
    )
    written = write_prepared(prepared, args.out, args.overwrite)
    summary = {**prepared.summary(), 'files': [str(path) for path in written]}
    notes = [f'left out: {fault}' for fault in prepared.left_out]
    notes += [each for each in (prepared.dropped, prepared.fitted) if each]
    notes += [f'{n} videos of {name!r} are in no list' for name, n in summary['other'].items()]
    if not summary['validation']:
        notes.append(
            'no video is for validation, which configs need: annotate more videos of each class, '
            'or give some of them the subset validation'
        )
    line = (
        f'{summary["segments"]} segments of {len(prepared.classes)} classes in '
        f'{summary["videos"]} videos: {summary["training"]} for training, '
        f'{summary["validation"]} for validation; {len(prepared.left_out)} videos left out; '
        f'in {", ".join(summary["files"])}'
    )
    following, *more = next_commands(args, prepared)
    better = [f'features of a better network: {command}' for command in more]
    return Told(summary, [line, *better], notes, following=following)


def next_commands(args: argparse.Namespace, prepared: Prepared) -> list[str]:
    """What to run on the files that were written, and what instead with another network."""
    if args.layout in CONFIGS:
        config = CONFIGS[args.layout][prepared.kind]
        return [f'mmvideomae train configs/localization/{config}']
    out, videos = shlex.quote(str(args.out)), shlex.quote(str(args.videos))
    if prepared.kind == 'features':
        return [f'mmvideomae data analyze-segments {out}/annotation.json --features {videos}']
    variables = f'NUM_CLASSES={len(prepared.classes)} LIST_DIR={out} VIDEO_DIR={videos}'
    network = 'configs/demo/videomae_vit-tiny-p8_finetune_own-videos.py'
    return [
        f'{variables} mmvideomae train {network}',
        f'mmvideomae features CONFIG CKPT {videos} {out}/features',
    ]
