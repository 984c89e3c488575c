"""The attentive head classifies tokens, and pools the segments of a view together."""

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.registry import init_default_scope

from mmvideomae.checkpoints import to_ours
from mmvideomae.models import AttentiveHead
from mmvideomae.registry import MODELS
from tests.support.vjepa2 import OurClassifier, close, their_config, their_model


@pytest.mark.parametrize('depth', [1, 3])
def test_scores_equal_those_of_transformers(depth: int) -> None:
    pytest.importorskip('transformers', minversion='5.0')
    config = their_config(num_pooler_layers=depth - 1)
    theirs, ours = their_model(config, classifier=True), OurClassifier(config)
    ours.load_state_dict(to_ours(theirs.state_dict()).state_dict)
    clips = torch.randn(3, 3, 4, 32, 32)
    with torch.no_grad():
        assert close(ours(clips), theirs(clips.transpose(1, 2)).logits)


def tiny_head(**options: int) -> AttentiveHead:
    torch.manual_seed(0)
    head = AttentiveHead(4, 24, depth=2, num_heads=3, **options).eval()
    for param in head.parameters():
        torch.nn.init.normal_(param, std=0.3)
    return head


def test_segments_of_a_crop_are_pooled_together() -> None:
    head, tokens = tiny_head(num_segments=2, num_crops=3), torch.randn(2, 2, 3, 5, 24)
    found = head(tokens.flatten(0, 2))
    assert found.shape == (6, 4)
    for video in range(2):
        for crop in range(3):
            alone = head.fc_cls(head.pooler(tokens[video, :, crop].flatten(0, 1)[None]))
            torch.testing.assert_close(found[video * 3 + crop], alone[0])


def test_training_pools_each_clip_by_itself() -> None:
    head, tokens = tiny_head(num_segments=2).train(), torch.randn(4, 5, 24)
    torch.testing.assert_close(head(tokens), tiny_head()(tokens))


def test_other_inputs_are_refused_with_the_setting_to_change() -> None:
    with pytest.raises(ValueError, match="set out_type='tokens' of the backbone"):
        tiny_head()(torch.randn(2, 24))
    with pytest.raises(ValueError, match='3 clips are not 2 segments of 1 crops'):
        tiny_head(num_segments=2)(torch.randn(3, 5, 24))


def test_a_recognizer_trains_it_and_derives_its_width() -> None:
    init_default_scope('mmvideomae')
    model = MODELS.build(
        dict(
            type='Recognizer3D',
            backbone=dict(
                type='VJEPA2ViT',
                arch=dict(embed_dims=32, depth=1, num_heads=2),
                img_size=16,
                patch_size=8,
                num_frames=2,
                frozen=True,
            ),
            cls_head=dict(type='AttentiveHead', num_classes=3, depth=2, num_heads=4),
            data_preprocessor=dict(type='ClassificationDataPreprocessor'),
        )
    )
    samples = [ActionDataSample().set_gt_label(label) for label in (0, 2)]
    losses = model.loss(torch.randn(2, 1, 3, 2, 16, 16), samples)
    losses['loss_cls'].backward()
    assert model.cls_head.pooler.query.grad.any()
    assert model.backbone.norm.weight.grad is None
    model.eval()
    with torch.no_grad():
        found = model.predict(torch.randn(2, 3, 3, 2, 16, 16), samples)
    assert found[0].pred_score.shape == (3,) and found[0].pred_score.sum() == pytest.approx(1)
