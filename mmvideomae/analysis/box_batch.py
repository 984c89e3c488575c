"""Make batches of random clips and boxes like those of a detector's loader."""

from typing import Any

import torch
from mmaction.structures import ActionDataSample
from mmengine.structures import InstanceData


def box_batch(
    counts: tuple[int, ...] = (2, 1),
    size: tuple[int, int] = (32, 32),
    num_classes: int = 4,
    seed: int = 0,
    frames: int = 4,
) -> dict[str, Any]:
    """A batch like those of a detector's loader: random clips with ``counts`` boxes.

    Every sample has true boxes with labels, and the same boxes as proposals with scores.
    """
    generator = torch.Generator().manual_seed(seed)
    height, width = size
    inputs, samples = [], []
    for row, count in enumerate(counts):
        shape = (1, frames, height, width, 3)
        inputs.append(torch.randint(256, shape, generator=generator, dtype=torch.uint8))
        corners = torch.rand(2, count, 2, generator=generator).sort(0).values
        boxes = torch.cat([*corners], 1) * torch.tensor([width, height, width, height])
        labels = torch.rand(count, num_classes, generator=generator).gt(0.5).float()
        sample = ActionDataSample(
            metainfo={
                'video_id': f'video{row}',
                'second': 902.0 + row,
                'img_shape': size,
                'original_shape': size,
                'crop': (0.0, 0.0, 1.0, 1.0),
                'flip': False,
            }
        )
        sample.gt_instances = InstanceData(bboxes=boxes, labels=labels)
        scores = torch.rand(count, generator=generator)
        sample.proposals = InstanceData(bboxes=boxes.clone(), scores=scores)
        samples.append(sample)
    return {'inputs': inputs, 'data_samples': samples}
