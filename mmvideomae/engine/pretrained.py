"""``init_cfg=dict(type='Pretrained', checkpoint=...)`` for weights of any format."""

from mmengine.logging import print_log
from mmengine.model import PretrainedInit as MMEnginePretrainedInit
from mmengine.runner.checkpoint import CheckpointLoader
from torch import nn

from mmvideomae.checkpoints import CheckpointError, fit, heads_in, tokenizer_weights
from mmvideomae.checkpoints.fitting import ENCODER_MARKS
from mmvideomae.registry import TOKENIZERS, WEIGHT_INITIALIZERS


@WEIGHT_INITIALIZERS.register_module(name='Pretrained')
class PretrainedInit(MMEnginePretrainedInit):
    """mmengine's ``PretrainedInit``, strict for VideoMAE and VIMPAC.

    mmengine loads tensors with the right name and shape: given the checkpoint of a classifier, a
    backbone alone would silently keep its random weights, since the names in the file begin with
    ``backbone.``.  Here such a prefix is optional, and weights are fitted like those of
    ``load_from``.  For a tokenizer, every part in the file is loaded completely.  Other networks
    are left to mmengine.

    Args:
        checkpoint: A file or folder of any supported format, or an address.
        prefix: Prefix of the part to load; found automatically by default.
        map_location: As in mmengine.

    Raises:
        CheckpointError: When initialising, if the weights do not fit.
    """

    def __call__(self, module: nn.Module) -> None:
        """Load the weights into ``module``."""
        tokenizes = TOKENIZERS.get(type(module).__name__) is type(module)
        embeds = any(key.endswith(ENCODER_MARKS) for key in module.state_dict())
        if not embeds and not tokenizes:
            super().__call__(module)
            return
        content = CheckpointLoader.load_checkpoint(self.checkpoint, self.map_location)
        weights = content.get('state_dict', content)
        if self.prefix:
            prefix = f'{self.prefix.removesuffix(".")}.'
            weights = {
                k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)
            }
            if not weights:
                raise CheckpointError(f'{self.checkpoint} has no weight named {prefix}*')
        if tokenizes:
            own = tokenizer_weights(weights, module, self.checkpoint)
            module.load_state_dict(own, strict=False)
            module.missing_parts -= {key.partition('.')[0] for key in own}
            return
        heads = heads_in(content)
        fitted = fit(weights, module, self.checkpoint, training=True, num_heads=heads)
        for note in fitted.notes:
            print_log(f'{self.checkpoint}: {note}', logger='current')
        module.load_state_dict(fitted.state_dict, strict=False)
