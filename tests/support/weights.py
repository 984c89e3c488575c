"""Random weights that all matter."""

import torch
from torch import nn


def randomise(model: nn.Module, seed: int = 0) -> None:
    """Draw every parameter, biases and norms too, at a scale at which each one matters.

    At an initialisation's own scale a network's output hardly depends on its input,
    and wrong weights in the encoder would go unseen.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, param in model.named_parameters():
            param.normal_(generator=generator)
            if param.ndim > 1:
                param.mul_(param[0].numel() ** -0.5)
            elif name.endswith('weight'):
                param.mul_(0.2).add_(1)
