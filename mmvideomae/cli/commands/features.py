"""Extract features of untrimmed videos for temporal detection.

mmvideomae features CONFIG CKPT data/videos work_dirs/features
mmvideomae features CONFIG CKPT data/thumos14 data/thumos14/features \\
    --preset videomaev2_thumos14
mmvideomae features configs/features/dino_vit-small-p16.py own VIDEOS OUT
torchrun --nproc-per-node 8 -m mmvideomae features CONFIG CKPT VIDEOS OUT

VIDEOS is a folder of videos or of folders of frames, a list of them, or one of them.  Each video
gives OUT/NAME.npy, float32 (steps, width), and OUT/NAME.json, which records how it was made and the
times of its steps.  Finished videos are skipped, so that the same command continues an interrupted
run; if a video fails, the reason is written to OUT/NAME.error and the other videos continue.  The
processes of torchrun and Slurm arrays (sbatch --array=0-7) divide the videos among themselves.

The exit status is 0 if all videos of the process have their features, 1 on invalid input, and 3 if
some videos failed.
"""

import argparse
from pathlib import Path

from mmvideomae.apis.features.settings import PRECISIONS, PRESET_NAMES
from mmvideomae.cli.feature_options import add_feature_settings
from mmvideomae.cli.inputs import checkpoint_path, config_path, video_path
from mmvideomae.cli.job_display import add_engine
from mmvideomae.cli.options import add_cfg_options, add_frames, add_option
from mmvideomae.cli.tool import run_tool, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('config', type=config_path, metavar='CONFIG', help='config of the model')
    add(
        'checkpoint',
        type=checkpoint_path,
        metavar='CKPT',
        help="its weights, or 'own': those of transformers or timm that CONFIG names",
    )
    add('videos', type=video_path, metavar='VIDEOS', help='folder, list or single video')
    add('out', type=Path, metavar='OUT', help='folder for the features')
    add(
        '--preset',
        choices=PRESET_NAMES,
        help="windows and preprocessing (default: the config's features setting, else finetuned, "
        'with the clips of its test)',
    )
    add_feature_settings(parser)
    add('--data-prefix', default='', metavar='FOLDER', help='folder before the paths of a list')
    add_frames(parser)
    add_option(parser, '--batch-size', 8, 'windows per batch')
    add(
        '--precision',
        choices=PRECISIONS,
        default='auto',
        help='precision of the model (default: float16 on a GPU, else float32)',
    )
    add('--device', help='for example cpu or cuda:1 (default: a GPU if there is one)')
    add_cfg_options(parser)
    add_engine(parser)
    return parser


def main() -> int:
    """Run the command line."""
    return run_tool(
        options(), 'mmvideomae.cli.work.features', 'interrupted; repeat the command to continue'
    )
