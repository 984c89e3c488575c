"""Incomplete weights are refused, whether tensors are missing, empty or of another shape."""

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.registry import init_default_scope
from torch import Tensor

from mmvideomae.checkpoints import CheckpointError, convert, fit, load_state_dict, to_ours
from mmvideomae.ops.positions import sinusoid_table
from mmvideomae.registry import MODELS
from tests.support.localizers import tiny_action_former, tiny_dy_fa_det, tiny_tri_det
from tests.support.weight_files import (
    hugging_face,
    mmaction2,
    official_detector,
    official_finetuned,
    official_pretrained,
)

State = dict[str, Tensor]


def states(zoo: Any) -> dict[str, State]:
    """Complete weights by name, in the words of several projects."""
    scaled = {'init_values': 0.1}
    classifier, pretrainer = zoo.classifier().state_dict(), zoo.pretrainer().state_dict()
    return {
        'ours': dict(classifier),
        'ours with layer scale': dict(zoo.classifier(**scaled).state_dict()),
        'ours, pretrained': dict(pretrainer),
        'ours, detector': dict(zoo.detector().state_dict()),
        'official': official_finetuned(classifier),
        'official, pretrained': official_pretrained(pretrainer),
        'official, detector': official_detector(zoo.detector().state_dict()),
        'hf 4': hugging_face(classifier, 4),
        'hf 5, pretrained': hugging_face(pretrainer, 5),
        'mmaction2': mmaction2(classifier, sinusoid_table(32, 32)[None]),
    }


@pytest.fixture(params=[tiny_action_former, tiny_tri_det, tiny_dy_fa_det])
def detector(request: pytest.FixtureRequest) -> State:
    init_default_scope('mmvideomae')
    return dict(MODELS.build(request.param()).state_dict())


def groups(state: State) -> dict[str, list[str]]:
    """Keys that differ in the numbers of their blocks only."""
    found: dict[str, list[str]] = defaultdict(list)
    for key in state:
        found[re.sub(r'\.\d+\.', '.N.', key)].append(key)
    return found


def accepted(state: State) -> bool:
    try:
        to_ours(state)
    except CheckpointError:
        return False
    return True


def test_every_tensor_is_missed_in_the_last_block_and_in_all(zoo: Any) -> None:
    pytest.importorskip('mmdet', reason='needs the detection level')
    for name, state in states(zoo).items():
        assert accepted(state), name
        dropped = {item.key for item in to_ours(state).dropped}
        for pattern, keys in groups(state).items():
            for gone in (keys, keys[-1:]):
                if not dropped.issuperset(gone):
                    left = {key: value for key, value in state.items() if key not in gone}
                    assert not accepted(left), (name, pattern, gone)


def test_every_tensor_of_a_temporal_detector_is_missed(detector: State) -> None:
    assert accepted(detector)
    for pattern, keys in groups(detector).items():
        for gone in (keys, keys[-1:]):
            left = {key: value for key, value in detector.items() if key not in gone}
            assert pattern == 'loss.normaliser' or not accepted(left), (pattern, gone)


def test_parts_may_be_missing_as_a_whole(zoo: Any) -> None:
    pretrainer, classifier = zoo.pretrainer().state_dict(), zoo.classifier().state_dict()
    for state, part in ((pretrainer, ('neck.', 'head.')), (classifier, ('cls_head.',))):
        left = {key: value for key, value in state.items() if not key.startswith(part)}
        assert to_ours(left).state_dict.keys() == left.keys()
    bare = zoo.classifier(qkv_bias=False).state_dict()
    assert to_ours(bare).state_dict.keys() == bare.keys()
    theirs = {key.removeprefix('backbone.'): value for key, value in bare.items()}
    theirs = {key.replace('cls_head.fc_cls', 'head'): value for key, value in theirs.items()}
    assert any('qkv_bias=False' in note for note in to_ours(theirs).notes)


def test_empty_and_meta_tensors_are_pieces_of_a_checkpoint(zoo: Any) -> None:
    """DeepSpeed ZeRO-3 leaves empty tensors under the names of those stored elsewhere."""
    model = zoo.classifier()
    state = model.state_dict()
    advice = r'are empty \(.*zero_to_fp32\.py FOLDER OUT'
    for empty in (torch.empty(0), torch.empty(32, device='meta')):
        some = {key: empty if 'norm1' in key else value for key, value in state.items()}
        for part in (some, official_finetuned(some), mmaction2(some, torch.ones(1, 32, 32))):
            with pytest.raises(CheckpointError, match=advice):
                to_ours(part)
        with pytest.raises(CheckpointError, match=advice):
            convert(some, 'videomae')
        with pytest.raises(CheckpointError, match=advice):
            fit(some, model, 'the file', training=True)


def test_a_folder_of_pieces_is_refused_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / 'zero_pp_rank_0_mp_rank_00_model_states.pt').write_bytes(b'x')
    with pytest.raises(CheckpointError, match=r'a part of a checkpoint .*zero_to_fp32\.py'):
        load_state_dict(tmp_path)


def test_blocks_of_unlike_shapes_are_refused(zoo: Any) -> None:
    state = zoo.classifier().state_dict()
    state['backbone.blocks.1.attn.q_bias'] = torch.ones(16)
    with pytest.raises(CheckpointError, match=r'blocks\.1\.attn\.q_bias is \(16,\)'):
        to_ours(state)


def test_a_joint_bias_that_is_not_of_three_parts_is_refused(zoo: Any) -> None:
    state = hugging_face(zoo.classifier().state_dict(), 5)
    theirs = {'blocks.0.attn.qkv.bias': torch.ones(2), 'blocks.0.attn.qkv.weight': torch.ones(6, 2)}
    theirs['patch_embed.proj.weight'] = torch.ones(2, 3, 2, 4, 4)
    theirs['head.bias'] = torch.ones(5)  # unlike a bare encoder of V-JEPA 2
    assert accepted(state)
    with pytest.raises(CheckpointError, match=r'qkv\.bias has 2 numbers'):
        to_ours(theirs)
