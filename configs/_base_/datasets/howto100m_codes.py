# HowTo100M without labels: pairs of clips of 5 frames, 2 per second, as codes in files. Make the
# codes of every video below data/howto100m/videos with
#   python tools/misc/extract_tokens.py CONFIG data/howto100m/videos data/howto100m/codes_fps2_128
# If the videos are no longer there, set sources=[dict(ann_file=LIST)] to a list of their names,
# such as that of tools/data/make_annotations.py --unlabelled. For codes that the released code
# extracted:
#   open=dict(_delete_=True, type='OpenLmdbCodes', folder='data/howto100m', dataset='howto100m',
#             split='train_val', fps=2, size=128)
# Longer or larger clips (Table 14):
#   clip_len of sample, size of open, grid_size of mask; 6 or 7 blocks mask 15 %
# Clips of a video at most 10 s apart (Table 10): max_distance=10 of sample.
# Validation uses pairs from UCF101's list, split 1, as codes in data/ucf101/codes_fps2_128. To
# train without it:
#   val_dataloader = val_cfg = val_evaluator = None
train_dataloader = dict(
    batch_size=8,
    num_workers=4,
    persistent_workers=True,
    pin_memory=True,
    drop_last=True,
    # Epochs end with an update and omit the remaining videos (Table 4).
    sampler=dict(type='EpochSampler', shuffle=True, round_to='update'),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='VideoListDataset',
        sources=[dict(folder='data/howto100m/videos')],
        pipeline=dict(
            open=dict(
                type='OpenCodes',
                folder='data/howto100m/codes_fps{fps}_{size}',
                fps=2,
                size=128,
            ),
            sample=dict(type='SampleFps', clip_len=5, fps=2, num_clips=2),
            read=dict(type='ReadCodes'),
            crop=None,  # of pixels
            mask=dict(
                type='GenerateMasks',
                grid_size=(5, 16, 16),
                encoder=dict(type='BlockMask', num_blocks=5),
            ),
            pack=dict(type='PackClips'),
        ),
    ),
)
val_dataloader = dict(
    batch_size=8,
    num_workers=4,
    persistent_workers=True,
    pin_memory=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        train_dataloader['dataset'],
        sources=[dict(ann_file='data/ucf101/split1/val.csv', data_prefix='data/ucf101/videos')],
        pipeline=dict(
            train_dataloader['dataset']['pipeline'],
            open=dict(
                train_dataloader['dataset']['pipeline']['open'],
                folder='data/ucf101/codes_fps{fps}_{size}',
            ),
        ),
        test_mode=True,  # the same clips and masks each time
    ),
)
val_cfg = dict(type='ValLoop')
val_evaluator = dict(type='MaskedCodeMetric')

# Used by howto100m_fps.py, which reads pixels instead of files of codes; the data preprocessor's
# tokenizer encodes them.
from_pixels = dict(
    open=dict(_delete_=True, type='OpenVideo', backend='auto'),
    read=dict(_delete_=True, type='ReadFrames'),
    crop=dict(_delete_=True, type='DiagonalCrop', size=128),
)
