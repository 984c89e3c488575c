"""Small annotation files in the formats of published data sets."""

import json
from pathlib import Path
from typing import Any

CHARADES = (
    'id,subject,scene,quality,relevance,verified,script,objects,descriptions,actions,length\n'
)
EPIC = (
    'narration_id,participant_id,video_id,narration_timestamp,start_timestamp,stop_timestamp,'
    'start_frame,stop_frame,narration,verb,verb_class,noun,noun_class,all_nouns,all_noun_classes\n'
)


def write_multithumos(folder: Path) -> Path:
    """Two classes in three videos; two segments overlap."""
    put(folder / 'annotations/Jump.txt', 'video_validation_0000001 1.00 3.00\n'
        'video_validation_0000001 2.5 3.5 \nvideo_test_0000004 0.5 1.0\n')  # fmt: skip
    put(folder / 'annotations/Run.txt', 'video_validation_0000001 1.50 9.00\n'
        'video_validation_0000002 0.2 1.2\n')  # fmt: skip
    put(folder / 'class_list.txt', '1 Jump\n2 Run\n')
    return folder


def write_charades(folder: Path) -> Path:
    """Three videos, one without actions, and quoted text over two lines."""
    put(folder / 'Charades_v1_classes.txt', 'c000 Holding some clothes\nc001 Putting clothes\n')
    rows = (
        'AAAAA,S1,Bedroom,6,7,Yes,"A person, who\n""sits""",bed,x;y,'
        'c000 0.00 2.50;c001 1.0 2.0,4.00\nBBBBB,S2,Hall,,,No,text,,,,3.5\n'
    )
    put(folder / 'Charades_v1_train.csv', CHARADES + rows)
    put(folder / 'Charades_v1_test.csv', CHARADES + 'CCCCC,S3,Hall,,,No,t,,,c001 0.5 9.9,3.0\n')
    return folder


def write_epic(folder: Path) -> Path:
    """Two videos; verbs and nouns differ."""
    put(folder / 'EPIC_100_verb_classes.csv', 'id,key,instances\n0,take,"[\'take\', \'get\']"\n'
        '1,put,"[\'put\']"\n')  # fmt: skip
    put(folder / 'EPIC_100_noun_classes.csv', 'id,key,category,instances\n0,tap,appliances,"[]"\n'
        '1,spoon,cutlery,"[]"\n2,board:chopping,kitchenware,"[]"\n')  # fmt: skip
    put(folder / 'EPIC_100_video_info.csv', 'video_id,duration,fps,resolution\n'
        'P01_01,3601.5,59.94,1920x1080\nP02_03,4,50.0,1920x1080\n')  # fmt: skip
    row = (
        'P01_01_{},P01,P01_01,00:00:01.0,{},{},1,2,"take, it",take,{},spoon,{},"[\'spoon\']",[1]\n'
    )
    put(folder / 'EPIC_100_train.csv', EPIC + row.format(0, '00:00:00.14', '00:00:03.37', 0, 1)
        + row.format(1, '00:59:59.50', '01:00:00.25', 1, 2))  # fmt: skip
    row = 'P02_03_0,P02,P02_03,00:00:01.0,00:00:01.00,00:00:02.50,1,2,open,open,1,tap,0,[],[0]\n'
    put(folder / 'EPIC_100_validation.csv', EPIC + row)
    return folder


def ego4d_clip(uid: str, start: float, labels: list[tuple[float, float, str, bool]]) -> Any:
    """A clip of 4 s at 30 fps, annotated by one person."""
    first = round(30 * start)
    return {
        'clip_uid': uid,
        'video_start_sec': start,
        'video_end_sec': start + 4,
        'video_start_frame': first,
        'video_end_frame': first + 120,
        'annotations': [
            {
                'annotator_uid': 'p',
                'labels': [
                    {
                        'video_start_time': begin,
                        'video_end_time': end,
                        'label': label,
                        'primary': primary,
                    }
                    for begin, end, label, primary in labels
                ],
            }
        ],
    }


def write_ego4d(folder: Path) -> Path:
    """Three clips of two videos, one of which has an impossible rate."""
    wrong = ego4d_clip('clip-c', 60, [(61, 62, 'read', True)])
    wrong['video_end_frame'] = wrong['video_start_frame'] + 4
    one = ego4d_clip('clip-a', 30, [(31, 33, 'wash', True), (31, 32, 'talk', False)])
    two = ego4d_clip('clip-b', 0, [(0.5, 1.5, 'dry', True)])
    for file, split, clips in (('train', 'train', [one, wrong]), ('val', 'val', [two])):
        content = {'version': '1', 'videos': [{'video_uid': 'v', 'split': split, 'clips': clips}]}
        put(folder / f'moments_{file}.json', json.dumps(content))
    return folder


def put(path: Path, text: str) -> Path:
    """Write a file, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path
