"""HOG targets follow MaskFeat's definition, can be learned, and can be drawn."""

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope

from mmvideomae.models.targets import HOGTarget
from mmvideomae.registry import MODELS
from mmvideomae.visualization.reconstruction import assemble, reconstructed_frames
from tests.support.models import tiny_videomae

IDS = torch.tensor([[0, 3, 6]])


def restated(frame: np.ndarray, cell: int) -> np.ndarray:
    """(H, W) -> (H / cell, W / cell, 9), pixel by pixel."""
    height, width = frame.shape
    padded = np.pad(frame.astype(np.float64), 1, mode='reflect')
    bell = np.exp(-((np.arange(2 * cell) - cell + 0.5) ** 2) / (2 * cell**2))
    votes = np.zeros((height // cell, width // cell, 9))
    for row in range(height):
        for column in range(width):
            part = padded[row : row + 3, column : column + 3]
            x = (part[:, 0] - part[:, 2]) @ [1, 2, 1]
            y = (part[0] - part[2]) @ [1, 2, 1]
            turn = np.degrees(np.arctan2(x, y)) % 180
            weight = np.hypot(x, y) * bell[row % (2 * cell)] * bell[column % (2 * cell)]
            votes[row // cell, column // cell, int(turn // 20)] += weight
    return votes / np.linalg.norm(votes, axis=2, keepdims=True)


@pytest.mark.parametrize('cell', [4, 8])
def test_histograms_are_those_of_the_middle_frames(cell: int) -> None:
    clips = torch.rand(1, 3, 4, 16, 16)
    target = HOGTarget(2, 8, cell)
    found = target(clips, IDS, lambda values: values)
    assert found.shape == (1, 3, target.dims)
    for token, values in zip(IDS[0].tolist(), found[0], strict=True):
        slot, row, column = np.unravel_index(token, (2, 2, 2))
        frame, side = clips[0, :, slot * 2 + 1].numpy(), 8 // cell
        cells = np.stack([restated(channel, cell) for channel in frame], 2)
        expected = cells[row * side : (row + 1) * side, column * side : (column + 1) * side]
        np.testing.assert_allclose(values, expected.ravel(), atol=1e-4)


def test_flat_cells_have_no_orientation_whatever_their_noise() -> None:
    clips = 0.5 + 1e-7 * torch.randn(1, 3, 4, 16, 16)
    assert HOGTarget(2, 8)(clips, IDS, lambda values: values).abs().max() < 0.01


def pretrainer() -> torch.nn.Module:
    init_default_scope('mmvideomae')
    torch.manual_seed(0)
    config = tiny_videomae()
    head = {'type': 'ReconstructionHead', 'in_dims': 16, 'out_dims': 27}
    changed = {'type': 'MaskedPretrainer', 'head': head, 'target': {'type': 'HOGTarget'}}
    return MODELS.build({**config, **changed})


def test_a_model_learns_them_by_heart() -> None:
    model = pretrainer()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    clip, mask = torch.randn(1, 3, 4, 32, 32), torch.arange(32)[None] % 2 == 0
    losses = []
    for _ in range(100):
        losses.append(model(clip, mask, mode='loss')['loss'])
        losses[-1].backward()
        optimizer.step()
        optimizer.zero_grad()
    assert losses[-1] < 0.5 * losses[0]


def test_strokes_run_along_the_edges() -> None:
    clip = np.zeros((4, 32, 32, 3), np.uint8)
    clip[:, :4] = 255  # an edge from left to right through the first row of patches
    model, mask = pretrainer(), np.arange(32) % 2 == 0
    batch = {'inputs': torch.from_numpy(clip)[None, None], 'encoder_mask': torch.tensor(mask)}
    batch['encoder_mask'] = batch['encoder_mask'][None, None]
    with torch.no_grad():
        output = model(**model.data_preprocessor(batch), mode='predict')
    view = assemble(clip, mask, output.target[0], output.token_ids[0], model.target)
    frames = reconstructed_frames(clip, view).astype(int)
    assert 'orientations' in view.note
    patch = frames[:, :8, :8].mean((0, 3))
    # The first of nine orientations is centred ten degrees from the horizontal.
    assert patch[3:5].max(0).min() > 100 > patch[[0, 1, 6, 7]].max()
    assert frames[:, 8:, :8].max() == 0  # nothing to see in flat patches
