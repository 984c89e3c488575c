"""Turn options into settings and synthetic files, for ``mmvideomae data synthesize``."""

import argparse
import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from mmvideomae.cli.options import option_word
from mmvideomae.cli.tool import Told, watched
from mmvideomae.synthetic import motion_dataset, people_dataset, untrimmed
from mmvideomae.synthetic.motion import STYLES, Style
from mmvideomae.synthetic.motion_dataset import ActionsSettings, prepare_folder
from mmvideomae.synthetic.people import STYLE as PEOPLE
from mmvideomae.synthetic.people import PeopleSettings
from mmvideomae.synthetic.untrimmed import UntrimmedSettings


class _Kind(NamedTuple):
    """How one kind of data is made, and what to run next (OUT: its folder)."""

    settings: Callable[[argparse.Namespace], Any]
    text: Callable[[Any], str]
    write: Callable[..., Iterator[Any]]
    next: str
    folders: tuple[str, ...] = ('videos',)


def make(args: argparse.Namespace) -> Told:
    """Write the data that the options describe, unless the same data exists already."""
    kind = _KINDS[args.kind]
    settings = kind.settings(args)
    numbers = {name: getattr(settings, name, None) for name in ('videos', 'clips')}
    counts = {name: sum(each.values()) for name, each in numbers.items() if each is not None}
    command = _command(kind.next, args.out)
    summary = {'kind': args.kind, 'out': str(args.out), **counts, 'written': 0}
    words = ' and '.join(f'{count} {name}' for name, count in counts.items())
    if not prepare_folder(args.out, kind.text(settings), args.overwrite, kind.folders):
        return Told(summary, f'{args.out} already holds {words}', following=command)
    start, total = time.perf_counter(), sum(counts.values())
    files = kind.write(args.out, settings, args.workers)
    for _ in watched(files, ' and '.join(counts), total):
        pass
    seconds = time.perf_counter() - start
    what, count = next(iter(counts.items()))
    rate = round(count / seconds, 1)
    summary |= {'written': total, 'seconds': round(seconds, 2), f'{what}_per_second': rate}
    line = f'{words} in {args.out}: {summary["seconds"]} s'
    line += '' if len(counts) > 1 else f', {rate} {what}/s'
    return Told(summary, line, following=command)


def _command(words: str, out: Path) -> str:
    """The command as one can paste it, whatever the folder is called."""
    named = ((*word.partition('='), word) for word in words.replace('OUT', '{}').split())
    return shlex.join(
        option_word(key, value.format(out)) if equals else word.format(out)
        for key, equals, value, word in named
    )


def actions_settings(args: argparse.Namespace) -> ActionsSettings:
    """The settings that the options describe; a ``ValueError`` says what is wrong."""
    if min(args.splits) < 0 or abs(sum(args.splits) - 1) > 1e-6:
        raise ValueError(f'--splits {args.splits} must be three shares that add up to 1')
    total = args.clips if args.clips_per_class is None else args.clips_per_class * args.classes
    train, val = (round(total * share) for share in args.splits[:2])
    return ActionsSettings(
        clips={
            'train': train,
            'val': val,
            'test': total - train - val,
            'unlabelled': args.unlabelled,
        },
        classes=args.classes,
        size=args.size,
        frames=args.frames,
        fps=args.fps,
        style=style_asked(args),
        seed=args.seed,
    )


def untrimmed_settings(args: argparse.Namespace) -> UntrimmedSettings:
    """The settings that the options describe; a ``ValueError`` says what is wrong."""
    return UntrimmedSettings(
        videos={'train': args.train, 'val': args.val},
        classes=args.classes,
        size=args.size,
        fps=args.fps,
        seconds=tuple(args.seconds),
        segment_seconds=tuple(args.segment_seconds),
        gap_seconds=tuple(args.gap_seconds),
        style=style_asked(args),
        seed=args.seed,
    )


def style_asked(args: argparse.Namespace) -> Style:
    """The chosen difficulty with the changes that the options make to it."""
    style = STYLES[args.difficulty]
    if args.textures is not None:
        style = replace(style, textured=args.textures)
    if args.speed is not None:
        style = replace(style, speed=tuple(args.speed))
    return style


def people_settings(args: argparse.Namespace) -> PeopleSettings:
    """The settings that the options describe; a ``ValueError`` says what is wrong."""
    style = replace(PEOPLE, num_shapes=tuple(args.actors), random_polarity=args.random_polarity)
    if args.speed is not None:
        style = replace(style, speed=tuple(args.speed))
    return PeopleSettings(
        videos={'train': args.train, 'val': args.val},
        clips={'train': args.train_clips, 'val': args.val_clips},
        classes=args.classes,
        size=args.size,
        fps=args.fps,
        seconds=tuple(args.seconds),
        act_seconds=tuple(args.act_seconds),
        crop=args.crop,
        clip_actors=tuple(args.clip_actors) if args.clip_actors else None,
        style=style,
        seed=args.seed,
    )


_KINDS = {
    'actions': _Kind(
        actions_settings,
        motion_dataset.settings_text,
        motion_dataset.write_actions,
        'mmvideomae train configs/demo/videomae_vit-tiny-p8_pretrain_motion.py --cfg-options '
        'train_dataloader.dataset.sources.0.ann_file=OUT/pretrain.csv '
        'train_dataloader.dataset.sources.0.data_prefix=OUT',
    ),
    'untrimmed': _Kind(
        untrimmed_settings,
        untrimmed.settings_text,
        untrimmed.write_untrimmed,
        'mmvideomae data prepare-segments OUT/annotation.json OUT/videos OUT/prepared',
    ),
    'people': _Kind(
        people_settings,
        people_dataset.settings_text,
        people_dataset.write_people,
        'mmvideomae data init-boxes OUT/train.csv OUT/boxes --val OUT/val.csv --videos OUT/videos',
        people_dataset.FOLDERS,
    ),
}
