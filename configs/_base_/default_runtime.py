# Settings that every run shares. Hooks are in `default_hooks`, a dict, so that a leaf can change
# one key of one hook or add one under a new name; `custom_hooks`, a list that is replaced as a
# whole, is left to schedules/ema.py.
default_scope = 'mmvideomae'

# Masks, crops and drop path depend only on this seed and on epoch, sample and iteration.
randomness = dict(seed=0, deterministic=False)

default_hooks = dict(
    runtime_info=dict(type='RuntimeInfoHook'),
    iteration_seed=dict(type='IterationSeedHook'),
    timer=dict(type='IterTimerHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    throughput=dict(type='ThroughputHook'),
    nonfinite_loss=dict(type='NonFiniteLossHook'),
    decode_failures=dict(type='DecodeFailureHook', max_bad_fraction=0.5),
    label_check=dict(type='LabelCheckHook'),
    head_rows=dict(type='HeadRowsHook'),
    logger=dict(type='LoggerHook', interval=20, ignore_last=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    # Checkpoints inside an epoch: by_epoch=False, interval=<iterations>.
    checkpoint=dict(type='AtomicCheckpointHook', interval=20, max_keep_ckpts=3, save_last=True),
    # On SIGUSR1 or Ctrl-C, save a checkpoint and stop.
    preemption=dict(type='PreemptionHook'),
)

env_cfg = dict(
    cudnn_benchmark=False,  # a benchmarked choice of algorithm may differ after a resume
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    # On machines without a GPU: --cfg-options env_cfg.dist_cfg.backend=gloo
    dist_cfg=dict(backend='nccl'),
)

log_processor = dict(type='LogProcessor', window_size=20, by_epoch=True)
log_level = 'INFO'

# `visualizer` is left to mmengine's default (local JSON). For TensorBoard or Weights & Biases, add
# vis_tensorboard.py or vis_wandb.py to `_base_`; this works only because it is not set here
# (mmengine refuses a key that two bases define).

load_from = None
resume = False
