"""Contract: pictures of codes show what the model predicts, decoded, in training and afterwards."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine import Config
from mmengine.runner import Runner
from PIL import Image

from mmvideomae.apis import Reconstructor, init_model
from mmvideomae.ops.codes import encode_frames
from mmvideomae.visualization.reconstruction import masked_frames, reconstructed_frames, to_bytes
from tests.support.codes import CODE_GRID, tiny_vimpac
from tests.support.pretraining import tiny_pretrain_config
from tests.support.videos import moving_shapes, write_video

TOKENIZER = {
    'type': 'TokenizerTrainer',
    'tokenizer': {'type': 'VQVAE', 'num_codes': 16, 'widths': (4, 4, 4), 'code_dims': 4},
}


@pytest.fixture(scope='module')
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('videos')
    for number in range(4):
        write_video(folder / f'{number}.mp4', moving_shapes(30, 48, 64, seed=number), fps=10)
    return folder


def config(videos: Path, work_dir: Path, model: dict[str, Any]) -> Config:
    cfg = tiny_pretrain_config(videos, work_dir)
    cfg.model = model
    steps: list[dict[str, Any]] = [
        {'type': 'OpenVideo'},
        {'type': 'SampleFps', 'clip_len': 4, 'fps': 2, 'num_clips': 2},
        {'type': 'ReadFrames'},
        {'type': 'DiagonalCrop', 'size': 32},
        {
            'type': 'GenerateMasks',
            'grid_size': CODE_GRID,
            'encoder': {'type': 'BlockMask', 'num_blocks': 3},
        },
        {'type': 'PackClips'},
    ]
    if model is TOKENIZER:
        steps[1]['num_clips'] = 1
        del steps[4]
    cfg.train_dataloader.dataset.pipeline = steps
    cfg.custom_hooks = [{'type': 'ReconstructionVisHook', 'num_frames': 4}]
    cfg.visualizer = {'type': 'Visualizer', 'vis_backends': [{'type': 'LocalVisBackend'}]}
    cfg.experiment_name = work_dir.name
    return cfg


def reconstructor(model: dict[str, Any]) -> Reconstructor:
    torch.manual_seed(0)
    return Reconstructor(init_model(config(Path('v'), Path('w'), model), device='cpu'))


def test_hidden_codes_are_the_most_likely_and_visible_ones_their_own(videos: Path) -> None:
    shown = reconstructor(tiny_vimpac())
    clip = shown(videos / '0.mp4')
    np.testing.assert_allclose(clip.seconds, [0.8, 1.3, 1.8, 2.3], atol=1e-6)
    (view,) = clip.views  # the config's own mask
    model, target = shown.model, shown.model.target
    codes = encode_frames(model.data_preprocessor.tokenizer.encode, torch.from_numpy(clip.frames))
    hidden = torch.from_numpy(~view.seen)
    assert 0 < view.masked_share == pytest.approx(hidden.float().mean().item())
    with torch.no_grad():
        output = model.reconstruct(codes[None], hidden.reshape(1, -1))
    filled = codes.clone()
    filled[hidden] = output.pred[0, :, : target.vocabulary.num_codes].argmax(1)
    for found, expected in ((view.pixels, filled), (view.intact, codes)):
        frames = model.data_preprocessor.tokenizer.decode(expected).permute(0, 2, 3, 1)
        np.testing.assert_array_equal(found, frames.numpy())
    assert np.array_equal(reconstructed_frames(clip.frames, view), to_bytes(view.pixels))
    seen = view.seen.repeat(8, 1).repeat(8, 2)
    assert (masked_frames(clip.frames, view)[seen] == to_bytes(view.intact)[seen]).all()
    assert (masked_frames(clip.frames, view)[~seen] == 205).all()


def test_a_share_of_blocks_is_met_by_their_number(videos: Path) -> None:
    views = reconstructor(tiny_vimpac())(videos / '0.mp4', (0.2, 0.6)).views
    assert views[0].masked_share < views[1].masked_share


def test_padding_is_not_drawn() -> None:
    target = init_model(config(Path('v'), Path('w'), tiny_vimpac()), device='cpu').target
    codes = torch.full(CODE_GRID, target.vocabulary.pad)
    codes[:3] = 5
    clip, ids = np.zeros((4, 32, 32, 3), np.uint8), torch.tensor([1])
    values = torch.zeros(1, target.dims)
    values[0, target.vocabulary.mask] = 9  # never a prediction
    values[0, 7] = 1
    pixels, _, intact = target.draw(values, ids, clip, np.zeros(64, bool), 'none', codes)
    assert pixels[3].max() == intact[3].max() == 0
    assert (
        pixels[0, 0, 8, 0] == pytest.approx(7.5 / 16) and pixels[0, 0, 0, 0] == intact[0, 0, 8, 0]
    )
    target.to_pixels = None
    with pytest.raises(ValueError, match='to turn codes into pixels'):
        target.draw(values, ids, clip, np.zeros(64, bool), 'none', codes)


def test_a_tokenizer_shows_all_of_the_clip(videos: Path, tmp_path: Path) -> None:
    shown = reconstructor(TOKENIZER)
    clip = shown(videos / '0.mp4')
    (view,) = clip.views
    frames = torch.from_numpy(clip.frames).permute(0, 3, 1, 2) / 255
    tokenizer = shown.model.tokenizer
    decoded = tokenizer.decode(tokenizer.encode(frames)).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(view.pixels, decoded, atol=1e-5)
    assert view.masked_share == 0 and view.loss > 0
    still, moving = (clip.save(tmp_path / name) for name in ('a.png', 'a.gif'))
    assert still.stat().st_size > 1000 and moving.stat().st_size > 1000


@pytest.mark.parametrize('kind', ['codes', 'tokenizer'])
def test_the_hook_draws_while_codes_are_learned(videos: Path, tmp_path: Path, kind: str) -> None:
    model = tiny_vimpac() if kind == 'codes' else TOKENIZER
    Runner.from_cfg(config(videos, tmp_path / kind, model)).train()
    (path,) = tmp_path.rglob('reconstruction_1.png')
    height = np.asarray(Image.open(path)).shape[0]
    rows = 4 if kind == 'codes' else 2
    assert rows * 128 < height < (rows + 1) * 128 + 60
