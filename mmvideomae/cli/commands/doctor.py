"""Report what the toolbox finds on this machine and, for each problem, the command that fixes it.

Standard library only: it has to work if torch or mmengine cannot be imported.  Everything that may
fail or crash is tried in a process of its own.  The exit status is 1 if something is broken.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mmvideomae.cli.doctor_rules import (
    ROOT,
    State,
    Trial,
    diagnose,
    installed_versions,
    package_table,
)

READERS = ('decord', 'av', 'torchcodec')

# Each leaves its values in `out`; sys.argv holds the clip and the folder above the package.
PROBES = {
    'torch': """
import torch
gpus = [torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count())]
out = dict(version=torch.__version__, cuda=torch.version.cuda, threads=torch.get_num_threads(),
           gpus=[dict(name=g.name, memory_gib=round(g.total_memory / 2**30, 1),
                      capability=f'{g.major}.{g.minor}') for g in gpus])
""",
    'torchvision': """
import torch
from torchvision.ops import roi_align
boxes = torch.tensor([[0, 0., 0., 2., 2.]])
out = dict(roi_align=roi_align(torch.ones(1, 1, 4, 4), boxes, 1).item())
""",
    'cv2': """
import cv2, numpy
out = dict(version=cv2.__version__, size=cv2.resize(numpy.zeros((4, 4), 'uint8'), (2, 2)).size)
""",
    'mmcv': 'import torch, mmcv; out = dict(version=mmcv.__version__)',
    'mmcv.ops': """
import torch
from mmcv.ops import nms
boxes = torch.tensor([[0., 0., 4., 4.], [0., 0., 4., 4.1]])
out = dict(kept=len(nms(boxes, torch.tensor([.9, .8]), 0.5)[1]))
""",
    'pkg_resources': 'import pkg_resources; out = {}',
    'mmvideomae': """
sys.path.insert(0, sys.argv[2])
import mmvideomae, mmaction.models, mmaction.datasets, mmaction.evaluation
out = dict(version=mmvideomae.__version__)
""",
    'decord': """
import torch, decord
video = decord.VideoReader(sys.argv[1])
out = dict(frames=len(video), brightness=float(video[7].asnumpy().mean()))
""",
    'av': """
import av
with av.open(sys.argv[1]) as video:
    frames = [frame.to_ndarray(format='rgb24') for frame in video.decode(video=0)]
out = dict(frames=len(frames), brightness=float(frames[7].mean()))
""",
    'torchcodec': """
import torch
from torchcodec.decoders import VideoDecoder
video = VideoDecoder(sys.argv[1])
out = dict(frames=len(video), brightness=video[7].float().mean().item())
""",
}
# H.264 if PyAV can write it, since data sets consist of it.
ENCODE = """
import av, sys
import numpy as np
with av.open(sys.argv[1], 'w') as file:
    stream = file.add_stream('libx264', rate=25)
    stream.width = stream.height = 64
    stream.pix_fmt = 'yuv420p'
    for i in range(8):
        frame = np.full((64, 64, 3), 40 + 20 * i, 'uint8')
        file.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format='rgb24')))
    file.mux(stream.encode(None))
"""


# What works ---------------------------------------------------------------------------------------


def write_clip(folder: Path) -> Path:
    """Eight grey frames of rising brightness, the last 180: H.264 if possible, else raw video."""
    target = folder / 'clip.mp4'
    command = [sys.executable, '-c', ENCODE, str(target)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=120)
    if done.returncode == 0:
        return target
    target = folder / 'clip.y4m'
    with target.open('wb') as file:
        file.write(b'YUV4MPEG2 W64 H64 F25:1 Ip A1:1 C420mpeg2\n')
        for i in range(8):
            luma = 16 + (40 + 20 * i) * 219 // 255  # video range
            file.write(b'FRAME\n' + bytes([luma]) * 64**2 + bytes([128]) * (64**2 // 2))
    return target


def run_probe(name: str, clip: Path) -> Trial:
    """Try one thing in a process of its own, since it may fail, hang or crash."""
    code = 'import json, sys, warnings\nwarnings.simplefilter("ignore")\n'
    code += PROBES[name] + '\nprint(json.dumps(out))'
    env = {**os.environ, 'TORCHDYNAMO_DISABLE': '1'}
    try:
        done = subprocess.run(
            [sys.executable, '-c', code, str(clip), str(ROOT)],
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
            cwd=clip.parent,
            env=env,
        )
    except subprocess.TimeoutExpired:
        return Trial(False, error='no answer within three minutes')
    if done.returncode == 0:
        values = json.loads(done.stdout.splitlines()[-1])
        if 'brightness' in values and abs(values['brightness'] - 180) > 8:
            return Trial(False, values, f'decoded the wrong picture: {values}')
        return Trial(True, values)
    if done.returncode < 0:
        return Trial(False, error=f'crashed with signal {-done.returncode}')
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r'[\w.]*(Error|Exception|Warning)\b', line)]
    return Trial(False, error=(errors or lines or ['failed without a message'])[-1][:300])


def examine() -> tuple[State, str]:
    """The state of this machine, and the kind of clip with which the readers were tried."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        clip = write_clip(Path(folder))
        probes = dict(zip(PROBES, pool.map(lambda n: run_probe(n, clip), PROBES), strict=True))
    nvidia = shutil.which('nvidia-smi')
    gpus = subprocess.run([nvidia, '-L'], capture_output=True, check=False) if nvidia else None
    has_gpu = gpus is not None and gpus.returncode == 0
    state = State(sys.version_info[:2], installed_versions(), probes, has_gpu)
    return state, 'H.264' if clip.suffix == '.mp4' else 'raw'


# Telling it ---------------------------------------------------------------------------------------


def _report(state: State, clip: str) -> dict:
    findings = diagnose(state)
    trials = {
        name: {'works': probe.ok, **probe.values, 'error': probe.error}
        for name, probe in state.probes.items()
    }
    return {
        'ok': not any(finding.severity == 'error' for finding in findings),
        'level': state.level,
        'python': platform.python_version(),
        'platform': platform.platform(),
        'cpus': os.cpu_count(),
        'torch': trials['torch'],
        'packages': package_table(state.versions),
        'readers': {name: trials[name] for name in READERS},
        'readers_tried_with': clip,
        'operators': {name: trials[name] for name in ('mmcv.ops', 'torchvision')},
        'ffmpeg': shutil.which('ffmpeg'),
        'findings': [vars(finding) for finding in findings],
    }


def _described(report: dict) -> str:
    """The report as text for people."""
    lite = report['packages']['mmcv-lite']['installed']
    level = report['level'] or 'not usable as installed'
    lines = [
        f'Python {report["python"]} on {report["platform"]}, {report["cpus"]} CPUs',
        f'install level: {level}',
        '',
        f'{"package":32}{"installed":18}{"tested":14}',
    ]
    for name, row in report['packages'].items():
        if row['status'] != 'absent':
            installed, tested = row['installed'] or '-', row['tested'] or '-'
            lines.append(f'{name:32}{installed:18}{tested:14}{row["status"]}')
    gpus = report['torch'].get('gpus') or []
    shown = [f'{g["name"]} ({g["memory_gib"]} GiB, sm {g["capability"]})' for g in gpus]
    lines += ['', 'GPUs: ' + (', '.join(shown) or 'none that torch can use')]
    lines += [f'ffmpeg: {report["ffmpeg"] or "none (not needed)"}', '']
    for title, group in (
        (f'readers ({report["readers_tried_with"]} clip)', report['readers']),
        ('compiled operators', report['operators']),
    ):
        lines.append(f'{title}:')
        for name, trial in group.items():
            told = 'works' if trial['works'] else f'no: {trial["error"]}'
            if name == 'mmcv.ops' and lite:
                told = 'none in mmcv-lite'
            lines.append(f'  {name:14}{told}')
    lines.append('')
    for finding in report['findings']:
        lines.append(f'{finding["severity"]}: {finding["problem"]}')
        if finding['mend']:
            lines.append(f'    fix: {finding["mend"]}')
    warned = any(finding['severity'] == 'warning' for finding in report['findings'])
    well = 'Nothing is broken, but see the warnings above.' if warned else 'All is well.'
    lines.append(well if report['ok'] else 'Something is broken; see above.')
    return '\n'.join(lines)


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(os.path.basename(sys.argv[0]), description=__doc__)
    parser.add_argument('--json', action='store_true', help='print one JSON object instead')
    return parser


def main() -> int:
    """Run the command line."""
    args = options().parse_args()
    report = _report(*examine())
    print(json.dumps(report, indent=2) if args.json else _described(report))
    return 0 if report['ok'] else 1
