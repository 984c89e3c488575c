"""Tiny V-JEPA 2 networks of `transformers`, and ours of the same sizes."""

from typing import Any

import torch
from torch import nn

from mmvideomae.models import AttentiveHead, ReconstructionHead, VJEPA2Predictor, VJEPA2ViT
from tests.support.weights import randomise

CLASSES = 5


def their_config(
    width: int = 32, heads: int = 2, patch: int = 8, crop: int = 32, **others: Any
) -> Any:
    """A configuration with two blocks in every part."""
    from transformers import VJEPA2Config

    sizes = {
        'hidden_size': width,
        'num_attention_heads': heads,
        'num_hidden_layers': 2,
        'patch_size': patch,
        'crop_size': crop,
        'frames_per_clip': 4,
        'mlp_ratio': 4.0,
        'num_pooler_layers': 2,
        'pred_hidden_size': 24,
        'pred_num_attention_heads': 2,
        'pred_num_hidden_layers': 2,
        'pred_num_mask_tokens': 3,
        'num_labels': CLASSES,
    }
    return VJEPA2Config(**sizes | others)


def their_model(config: Any, classifier: bool = False, seed: int = 0) -> nn.Module:
    """A model of `transformers` in which every weight matters."""
    import transformers

    kind = 'VJEPA2ForVideoClassification' if classifier else 'VJEPA2Model'
    model = getattr(transformers, kind)(config).eval()
    randomise(model, seed)
    return model


def our_encoder(config: Any, **options: Any) -> VJEPA2ViT:
    """The encoder of the same sizes."""
    arch = {
        'embed_dims': config.hidden_size,
        'depth': config.num_hidden_layers,
        'num_heads': config.num_attention_heads,
        'mlp_ratio': config.mlp_ratio,
    }
    size = {'img_size': config.crop_size, 'num_frames': config.frames_per_clip}
    return VJEPA2ViT(arch, patch_size=config.patch_size, **size, **options).eval()


class OurPretrainer(nn.Module):
    """Encoder, predictor and its last layer, under the names of a pretrainer."""

    def __init__(self, config: Any, mask_index: int = 1) -> None:
        super().__init__()
        self.backbone = our_encoder(config)
        self.neck = VJEPA2Predictor(
            config.hidden_size,
            config.pred_hidden_size,
            config.pred_num_hidden_layers,
            config.pred_num_attention_heads,
            config.pred_mlp_ratio,
            config.pred_num_mask_tokens,
            mask_index,
        )
        self.head = ReconstructionHead(config.pred_hidden_size, config.hidden_size, 'l1')
        self.eval()


class OurClassifier(nn.Module):
    """Encoder and attentive head, under the names of a recognizer."""

    def __init__(self, config: Any, norm_eps: float = 1e-6) -> None:
        super().__init__()
        self.backbone = our_encoder(config)
        self.cls_head = AttentiveHead(
            config.num_labels,
            config.hidden_size,
            config.num_pooler_layers + 1,
            config.num_attention_heads,
            norm_eps=norm_eps,
        )
        self.eval()

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        return self.cls_head(self.backbone(clips))


def close(ours: torch.Tensor, theirs: torch.Tensor) -> bool:
    """Whether all values agree to 1e-5 of the largest, and there is something to compare."""
    assert ours.shape == theirs.shape and theirs.std() > 0.05
    return bool((ours - theirs).abs().max() < 1e-5 * theirs.abs().max())
