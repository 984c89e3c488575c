"""Contract: a tokenizer learns from frames of videos, and a resumed run continues exactly."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmvideomae.apis import init_model
from mmvideomae.models import TokenizerTrainer
from mmvideomae.registry import MODELS, TOKENIZERS
from tests.support.videos import write_video

TOKENIZER = {
    'type': 'VQVAE',
    'num_codes': 16,
    'widths': (4, 8, 8),
    'num_blocks': 1,
    'code_dims': 4,
}


def build(**settings: Any) -> TokenizerTrainer:
    init_default_scope('mmvideomae')
    torch.manual_seed(0)
    return MODELS.build({'type': 'TokenizerTrainer', 'tokenizer': TOKENIZER, **settings})


def squares(count: int) -> np.ndarray:
    """Clips of squares of eight colours, (count, 2, 32, 32, 3) uint8."""
    rng = np.random.default_rng(0)
    palette = rng.integers(0, 256, (8, 3), np.uint8)
    colours = palette[rng.integers(0, 8, (count, 2, 4, 4))]
    return colours.repeat(8, 2).repeat(8, 3)


def batch(count: int = 4) -> dict[str, Any]:
    return {'inputs': torch.from_numpy(squares(count))[:, None]}


def test_what_is_logged_is_restated_and_only_losses_are_minimised() -> None:
    model = build(commitment_weight=0.5, variance=0.1).eval()
    inputs = model.data_preprocessor(batch())['inputs']
    assert inputs.shape == (4, 3, 2, 32, 32) and inputs.min() >= 0 and 0.9 < inputs.max() <= 1
    losses = model(inputs, mode='loss')
    frames = inputs.permute(0, 2, 1, 3, 4).reshape(8, 3, 32, 32)
    coded = model.tokenizer(frames)
    error = (coded.frames - frames).square().mean().item()
    assert losses['loss_reconstruction'].item() == pytest.approx(error / 0.1, rel=1e-5)
    assert losses['loss_commitment'].item() == pytest.approx(0.5 * coded.commitment.item())
    assert losses['psnr'].item() == pytest.approx(-10 * np.log10(error), rel=1e-4)
    total, logged = model.parse_losses(losses)
    shown = model(inputs, mode='predict')
    assert total.item() == pytest.approx(shown.loss.item())
    assert {'perplexity', 'used_codes', 'psnr'} <= logged.keys()
    assert torch.equal(model(inputs).flatten(0, 1), shown.codes)
    assert torch.equal(shown.codes, model.tokenizer.encode(frames))


def test_nothing_is_learned_from_padding() -> None:
    model = build().eval()
    inputs = model.data_preprocessor(batch())['inputs']
    pad_mask = torch.zeros(4, 2, dtype=torch.bool)
    pad_mask[2:, 1] = True
    without = torch.cat([inputs[:2].transpose(1, 2).flatten(0, 1), inputs[2:, :, 0]])
    expected = model(without[:, :, None], mode='loss')
    found = model(inputs, pad_mask, mode='loss')
    for key, value in found.items():
        torch.testing.assert_close(value, expected[key])


def test_training_reduces_the_loss_and_uses_the_codes() -> None:
    model = build(tokenizer={**TOKENIZER, 'quantizer': {'decay': 0.8, 'dead_share': 0.1}})
    inputs = model.data_preprocessor(batch())['inputs']
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    history = []
    for _ in range(100):
        losses = model(inputs, mode='loss')
        history.append(losses['loss_reconstruction'].item())
        optimizer.zero_grad()
        model.parse_losses(losses)[0].backward()
        optimizer.step()
    assert history[-1] < 0.5 * history[0]
    assert losses['perplexity'] > 6 and losses['used_codes'] > 0.8


@pytest.fixture(scope='module')
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('videos')
    for number, clip in enumerate(squares(4)):
        write_video(folder / f'{number}.mp4', clip.repeat(4, 0))
    return folder


def run(videos: Path, work_dir: Path, epochs: int, **settings: Any) -> Runner:
    bases = Path(__file__).parents[3] / 'configs/_base_'
    cfg = Config.fromfile(bases / 'datasets/custom_pretrain.py')
    for base in ('schedules/adamw_pretrain.py', 'default_runtime.py'):
        cfg.merge_from_dict(Config.fromfile(bases / base).to_dict())
    crop = {'crop': {'size': 32}, 'mask': None}
    cfg.merge_from_dict(
        {
            'model': {'type': 'TokenizerTrainer', 'tokenizer': TOKENIZER},
            'work_dir': str(work_dir),
            'experiment_name': work_dir.name,
            'train_dataloader.batch_size': 2,
            'train_dataloader.num_workers': 0,
            'train_dataloader.persistent_workers': False,
            'train_dataloader.dataset.sources': [{'folder': str(videos)}],
            'train_dataloader.dataset.pipeline.sample': {'clip_len': 2, 'stride': 1},
            'train_dataloader.dataset.pipeline.augment.transforms': crop,
            'train_cfg.max_epochs': 4,
            'param_scheduler.warmup': 1,
            'default_hooks.checkpoint': {'interval': 1, 'max_keep_ckpts': -1},
            **settings,
        }
    )
    runner = Runner.from_cfg(cfg)
    runner.train_loop._max_epochs = epochs
    runner.train()
    return runner


def test_a_run_of_the_bases_resumes_bit_for_bit_and_its_checkpoint_is_a_tokenizer(
    videos: Path, tmp_path: Path
) -> None:
    whole = run(videos, tmp_path / 'whole', 4)
    path = str(tmp_path / 'whole' / 'epoch_2.pth')
    resumed = run(videos, tmp_path / 'resumed', 4, resume=True, load_from=path)
    expected = whole.model.state_dict()
    assert whole.model.tokenizer.quantizer.steps == 8
    for key, value in resumed.model.state_dict().items():
        assert torch.equal(value, expected[key]), key

    last = str(tmp_path / 'whole' / 'epoch_4.pth')
    model = init_model(whole.cfg, last, device='cpu')
    frames = torch.rand(2, 3, 16, 16)
    codes = model.tokenizer.encode(frames)
    start = {'type': 'Pretrained', 'checkpoint': last}
    tokenizer = TOKENIZERS.build({**TOKENIZER, 'init_cfg': start}).eval()
    tokenizer.init_weights()
    assert torch.equal(tokenizer.encode(frames), codes)
    assert tokenizer.fingerprint() == model.tokenizer.fingerprint()
