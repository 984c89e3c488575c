# Fully sharded training (FSDP), for models whose weights, gradients and moments exceed one GPU.
# A config adds it to a recipe and leaves mixed precision to FSDP:
#     _base_ = ['recipe.py', '../../_base_/fsdp.py']
#     optim_wrapper = dict(type='OptimWrapper')
# Activation checkpointing remains a setting of the model (`with_cp=True`). Checkpoints are
# unsharded, written by rank 0, and load everywhere. EMAHook does not work with mmengine's
# FlexibleRunner.
runner_type = 'FlexibleRunner'

strategy = dict(
    type='mmvideomae.engine.sharding.ShardedStrategy',
    state_dict_cfg='full',
    model_wrapper=dict(
        type='MMFullyShardedDataParallel',
        # Each transformer block is a unit.
        auto_wrap_policy=dict(type='mmvideomae.engine.sharding.wrap_blocks'),
        sharding_strategy='FULL_SHARD',
        mixed_precision=dict(param_dtype='bfloat16', reduce_dtype='float32'),
        use_orig_params=True,
        forward_prefetch=True,
    ),
)
