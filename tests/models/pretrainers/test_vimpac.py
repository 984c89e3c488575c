"""Contract: VIMPAC's two losses are the paper's, and several processes train like one."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.registry import init_default_scope
from torch import Tensor
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel

from mmvideomae.models import VIMPAC
from mmvideomae.ops.contrast import pair_loss
from mmvideomae.registry import MODELS, TOKENIZERS
from tests.support.codes import CODE_GRID, NUM_CODES, tiny_code_encoder, tiny_vimpac
from tests.support.processes import in_processes

PAD, MASK = NUM_CODES + 1, NUM_CODES + 4
ALONE: dict[str, Any] = {'head': None, 'contrast_input': 'intact'}


def build(**options: Any) -> VIMPAC:
    init_default_scope('mmvideomae')
    torch.manual_seed(0)
    return MODELS.build(tiny_vimpac(**options))


def clips(count: int = 8) -> dict[str, Tensor]:
    """Codes of clips, two adjacent ones per video, some of them padded, with masks."""
    generator = torch.Generator().manual_seed(1)
    codes = torch.randint(NUM_CODES, (count, *CODE_GRID), generator=generator)
    codes[1, 2:] = codes[4, 3:] = PAD
    mask = torch.rand(count, 64, generator=generator) < 0.2
    return {'inputs': codes, 'encoder_mask': mask}


def test_the_losses_are_those_of_the_paper() -> None:
    model, batch = build(alpha=0.5), clips()
    codes, mask = batch['inputs'].flatten(1), batch['encoder_mask']
    asked = mask & (codes != PAD)
    features = model.backbone(torch.where(asked, MASK, codes).view_as(batch['inputs']))
    logits = model.head(features.tokens[asked], model.backbone.embedding.weight)
    losses = model(**batch, mode='loss')
    torch.testing.assert_close(losses['loss_masked'], F.cross_entropy(logits, codes[asked]))
    compared = model.contrast(features.cls)
    expected = 0.5 * 0.2 * pair_loss(compared[0::2], compared[1::2], 0.2)
    torch.testing.assert_close(losses['loss_contrast'], expected)
    right = (logits.argmax(1) == codes[asked]).float().mean()
    torch.testing.assert_close(losses['masked_accuracy'], right)
    torch.testing.assert_close(losses['mask_ratio'], asked.sum() / (codes != PAD).sum())
    total, logged = model.parse_losses(losses)
    torch.testing.assert_close(total, losses['loss_masked'] + losses['loss_contrast'])
    assert {'masked_accuracy', 'mask_ratio'} < logged.keys()


def test_places_that_workers_list_are_those_of_the_masks() -> None:
    model, batch = build(), clips()
    codes, mask = batch['inputs'].flatten(1), batch['encoder_mask']
    ids = (mask & (codes != PAD)).flatten().nonzero()[:, 0]
    expected = model(**batch, mode='loss')
    for key, value in model(**batch, asked_ids=ids, mode='loss').items():
        assert torch.equal(value, expected[key]), key


def test_nothing_hidden_and_no_padding_bears_on_predictions() -> None:
    model, batch = build(), clips()
    expected = model.reconstruct(*batch.values()).pred
    changed = batch['inputs'].clone()
    hidden = batch['encoder_mask'].view_as(changed) & (changed != PAD)
    changed[hidden] = (changed[hidden] + 1) % NUM_CODES
    output = model.reconstruct(changed, batch['encoder_mask'])
    assert torch.equal(output.pred, expected)
    # Noise of BERT: what is kept is seen, and predicted all the same.
    kept = torch.full((8, 64), -2)
    seen = model.reconstruct(changed, batch['encoder_mask'], kept)
    assert not torch.equal(seen.pred, expected)
    assert torch.equal(seen.token_ids, output.token_ids)


def test_reconstructs_in_rows_of_equal_length() -> None:
    model, batch = build(), clips()
    output = model.reconstruct(*batch.values())
    codes = batch['inputs'].flatten(1)
    asked = batch['encoder_mask'] & (codes != PAD)
    assert output.pred.shape == (8, asked.sum(1).max(), NUM_CODES + 5)
    for row, ids in zip(asked, output.token_ids, strict=True):
        there = ids[ids >= 0]
        assert torch.equal(there, row.nonzero()[:, 0])
        assert (ids[len(there) :] == -1).all()
    first = output.token_ids[0]
    assert torch.equal(output.target[0][first >= 0], codes[0][first[first >= 0]])
    torch.testing.assert_close(output.loss, model(**batch, mode='loss')['loss_masked'])


@pytest.mark.parametrize(
    ('options', 'expected', 'passes'),
    [
        ({}, {'loss_masked', 'loss_contrast', 'masked_accuracy', 'mask_ratio'}, 1),
        ({'alpha': 0}, {'loss_masked', 'masked_accuracy', 'mask_ratio'}, 1),
        ({'contrast': None}, {'loss_masked', 'masked_accuracy', 'mask_ratio'}, 1),
        ({'head': None}, {'loss_contrast'}, 1),
        (ALONE, {'loss_contrast'}, 1),
        (
            {'contrast_input': 'intact'},
            {'loss_masked', 'loss_contrast', 'masked_accuracy', 'mask_ratio'},
            2,
        ),
    ],
)
def test_passes_clips_through_no_more_often_than_needed(
    options: dict[str, Any], expected: set[str], passes: int
) -> None:
    model, seen = build(**options), []
    model.backbone.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    batch = clips()
    losses = model(**batch, mode='loss')
    assert losses.keys() == expected
    assert len(seen) == passes
    intact = [torch.equal(each, batch['inputs']) for each in seen]
    assert intact == [False] * (passes - 1) + [options.get('contrast_input') == 'intact']
    sum(value for key, value in losses.items() if 'loss' in key).backward()
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    assert {name for name, p in model.named_parameters() if p.grad is not None} == trained


def test_contrast_alone_needs_no_mask() -> None:
    assert build(**ALONE)(clips()['inputs'], mode='loss').keys() == {'loss_contrast'}


def test_nothing_masked_is_no_loss() -> None:
    model, batch = build(alpha=0), clips()
    batch['encoder_mask'][:] = False
    losses = model(**batch, mode='loss')
    assert losses['loss_masked'] == losses['masked_accuracy'] == losses['mask_ratio'] == 0
    losses['loss_masked'].backward()


def test_measures_each_video_for_itself() -> None:
    model, batch = build().eval(), clips()
    samples = [ActionDataSample() for _ in range(4)]
    with torch.no_grad():
        found = model.measure(**batch, data_samples=samples)
        losses = model(**batch, mode='loss')
    asked = sum(video['asked'] for video in found)
    mean = sum(video['loss'] for video in found) / asked
    assert mean == pytest.approx(float(losses['loss_masked']), rel=1e-6)
    accuracy = sum(video['right'] for video in found) / asked
    assert accuracy == pytest.approx(float(losses['masked_accuracy']), rel=1e-6)
    ratio = asked / sum(video['tokens'] for video in found)
    assert ratio == pytest.approx(float(losses['mask_ratio']), rel=1e-6)
    features = torch.stack([video['features'] for video in found])
    loss = 0.2 * pair_loss(features[:, 0], features[:, 1], found[0]['temperature'])
    torch.testing.assert_close(loss, losses['loss_contrast'])


def test_a_whole_step_on_pixels_trains_and_leaves_the_tokenizer() -> None:
    from mmengine.optim import OptimWrapper

    model = build()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    trained = [p for p in model.parameters() if p.requires_grad]
    wrapper = OptimWrapper(torch.optim.AdamW(trained, lr=1e-2), accumulative_counts=2)
    data = {
        'inputs': torch.randint(256, (3, 2, 4, 32, 32, 3), dtype=torch.uint8),
        'encoder_mask': torch.rand(3, 2, 64) < 0.2,
        'data_samples': [ActionDataSample() for _ in range(3)],
    }
    wrapper.initialize_count_status(model, 0, 4)
    logged = [model.train_step(data, wrapper) for _ in range(4)]
    assert logged[-1]['loss'] < logged[0]['loss']
    same = {key for key, value in model.state_dict().items() if torch.equal(value, before[key])}
    assert same == {'data_preprocessor.tokenizer.steps'}
    assert len(model.val_step(data)) == 3


def test_is_one_graph_whatever_the_number_of_masked_tokens() -> None:
    shallow = tiny_code_encoder(arch={'embed_dims': 32, 'depth': 1, 'num_heads': 2})
    model = build(backbone=shallow)
    compiled = torch.compile(model.loss, backend='eager', fullgraph=True)
    for count in (8, 6):
        batch = clips(count)
        asked = batch['encoder_mask'] & (batch['inputs'].flatten(1) != PAD)
        ids = asked.flatten().nonzero()[:, 0]
        expected = model.loss(batch['inputs'], batch['encoder_mask'], asked_ids=ids)
        found = compiled(batch['inputs'], batch['encoder_mask'], None, ids, True)
        for key, value in found.items():
            torch.testing.assert_close(value, expected[key])


def test_losses_of_mixed_precision_are_computed_in_full() -> None:
    model, batch = build(), clips()
    expected = model(**batch, mode='loss')
    with torch.autocast('cpu', torch.bfloat16):
        losses = model(**batch, mode='loss')
    assert losses['loss_masked'].dtype == losses['loss_contrast'].dtype == torch.float32
    torch.testing.assert_close(losses['loss_masked'], expected['loss_masked'], rtol=0.01, atol=0)
    (losses['loss_masked'] + losses['loss_contrast']).backward()
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.requires_grad)


def test_weights_of_the_tokenizer_come_from_its_file(tmp_path: Path) -> None:
    small = {'type': 'VQVAE', 'num_codes': NUM_CODES, 'widths': (8, 8, 8), 'code_dims': 4}
    init_default_scope('mmvideomae')
    torch.manual_seed(1)
    expected = TOKENIZERS.build(small).state_dict()
    torch.save(expected, tmp_path / 'tokenizer.pth')
    small['init_cfg'] = {'type': 'Pretrained', 'checkpoint': str(tmp_path / 'tokenizer.pth')}
    model = build(data_preprocessor={'type': 'CodeDataPreprocessor', 'tokenizer': small})
    model.init_weights()
    found = model.data_preprocessor.tokenizer.state_dict()
    assert all(torch.equal(value, expected[key]) for key, value in found.items())
    assert not any(p.requires_grad for p in model.data_preprocessor.parameters())
    assert not model.train().data_preprocessor.tokenizer.training


def trained(model: Any, batch: dict[str, Tensor]) -> dict[str, Any]:
    losses = model(**batch, mode='loss')
    sum(value for key, value in losses.items() if 'loss' in key).backward()
    inner = getattr(model, 'module', model)
    return {
        'losses': {key: value.detach() for key, value in losses.items()},
        'grads': {name: p.grad for name, p in inner.named_parameters() if p.requires_grad},
        'buffers': dict(inner.named_buffers()),
    }


@pytest.mark.parametrize('options', [{}, {'contrast_input': 'intact'}, {'alpha': 0}, ALONE])
def test_two_processes_train_as_one_with_their_clips(
    options: dict[str, Any], tmp_path: Path
) -> None:
    """Masks and padding differ between the processes; nothing may go unused.

    In double precision, since batch norm of features that are nearly alike amplifies rounding.
    """

    def own_clips(rank: int) -> dict[str, Any]:
        part = {key: value[4 * rank :][:4] for key, value in clips().items()}
        return trained(DistributedDataParallel(build(**options).double()), part)

    expected = trained(build(**options).double(), clips())
    parts = in_processes(2, own_clips, tmp_path)
    for key in ('loss_masked', 'loss_contrast'):
        if key in expected['losses']:
            mean = (parts[0]['losses'][key] + parts[1]['losses'][key]) / 2
            torch.testing.assert_close(mean, expected['losses'][key], rtol=0, atol=1e-10)
    for part in parts:
        for name, grad in expected['grads'].items():
            torch.testing.assert_close(part['grads'][name], grad, rtol=0, atol=1e-10, msg=name)
        for name, value in expected['buffers'].items():
            torch.testing.assert_close(part['buffers'][name], value, rtol=0, atol=1e-10, msg=name)


@pytest.mark.parametrize(
    ('options', 'told'),
    [
        ({'head': None, 'contrast': None}, 'needs a head, or contrast with a positive alpha'),
        ({'head': None, 'alpha': 0}, 'needs a head, or contrast with a positive alpha'),
        ({'alpha': -1}, 'alpha must not be negative, got -1'),
        ({'contrast_input': 'whole'}, "unknown contrast_input 'whole'; one of"),
        (
            {'backbone': tiny_code_encoder(num_codes=8)},
            'uses 16 codes, but the backbone 8: set num_codes of',
        ),
    ],
)
def test_refuses_settings_in_one_line(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told) as caught:
        build(**options)
    assert '\n' not in str(caught.value)


def test_refuses_batches_in_one_line() -> None:
    batch = clips()
    with pytest.raises(ValueError, match='needs an encoder_mask: end the pipeline'):
        build()(batch['inputs'], mode='loss')
    one = {key: value[:2] for key, value in batch.items()}
    with pytest.raises(ValueError, match='compares videos, but the batch has 1'):
        build()(**one, mode='loss')
    with pytest.raises(ValueError, match='has no head for masked codes'):
        build(**ALONE).reconstruct(*batch.values())


def test_knows_nothing_at_first() -> None:
    """Untrained, the losses are near those of guessing."""
    losses = build()(**clips(), mode='loss')
    assert float(losses['loss_masked'].detach()) == pytest.approx(math.log(NUM_CODES + 5), abs=0.1)
