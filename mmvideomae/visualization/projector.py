"""Send features to the viewers of embeddings in TensorBoard and Weights & Biases."""

from typing import Any

import numpy as np
from mmengine.visualization import Visualizer
from torch import Tensor


def log_embeddings(
    visualizer: Visualizer, features: Tensor, labels: list[str], pictures: Tensor, step: int
) -> None:
    """Log features to those backends of a run that can show them; others get nothing.

    TensorBoard shows them in its projector, Weights & Biases as a table with a 2D projection.

    Args:
        features: (n, D).
        labels: n names.
        pictures: A frame of each video, (n, C, H, W) in [0, 1].
    """
    for backend in visualizer._vis_backends.values():
        kind = type(backend).__name__
        if kind == 'TensorboardVisBackend':
            backend.experiment.add_embedding(features, labels, pictures, step, 'encoder')
        elif kind == 'WandbVisBackend':
            # Steps count its calls, and it drops what is logged at an earlier one.
            backend.experiment.log({'embeddings': _table(features, labels), 'embedded_at': step})


def _table(features: Tensor, labels: list[str]) -> Any:
    import wandb  # of the backend that asks for it

    columns = ['label', *(f'd{number}' for number in range(features.shape[1]))]
    rows = [[label, *row] for label, row in zip(labels, np.asarray(features).tolist(), strict=True)]
    return wandb.Table(columns=columns, data=rows)
