# UnlabeledHybrid, 1.35 M clips from five sources (VideoMAE V2 Table 8): Kinetics-710 658 k,
# Something-Something V2 169 k, AVA 21 k, WebVid2M 250 k and 250 k Instagram clips. The last source
# is the authors' own and was not published: use your own list or drop the entry.
# AVA movies are folders of frames (lines 'folder first_frame total_frames'), cut into clips of 300
# frames. The other lists have lines 'path' or 'path label'. docs/pretraining.md says how to make
# them, and how to cut AVA's videos without extracting frames.
train_dataloader = dict(
    batch_size=32,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='VideoListDataset',
        sources=[
            dict(
                ann_file='data/kinetics710/train.csv',
                data_prefix='data',
                stride=4,
            ),
            dict(
                ann_file='data/sthv2/train.csv',
                data_prefix='data/sthv2/videos',
                stride=2,
            ),
            dict(
                ann_file='data/ava/ava_train_list_rawframes.txt',
                data_prefix='data/ava/rawframes',
                filename_tmpl='image_{:06}.jpg',
                segment_frames=300,
                stride=4,
            ),
            dict(
                ann_file='data/webvid2m/webvid2m_train_list_videos.txt',
                data_prefix='data/webvid2m/videos',
                stride=4,
            ),
            dict(
                ann_file='data/instagram/instagram_train_list_videos.txt',
                data_prefix='data/instagram/videos',
                stride=4,
            ),
        ],
        pipeline=dict(
            open=dict(type='OpenVideo', backend='auto'),
            sample=dict(type='SampleClip', clip_len=16, stride=4),
            read=dict(type='ReadFrames'),
            augment=dict(
                type='RepeatAugment',
                num_repeats=4,
                transforms=dict(
                    crop=dict(type='ClipMultiScaleCrop', size=224),
                    mask=dict(
                        type='GenerateMasks',
                        grid_size=(8, 14, 14),
                        encoder=dict(type='TubeMask', ratio=0.9),
                        decoder=dict(type='RunningCellMask', ratio=0.5),
                    ),
                ),
            ),
            pack=dict(type='PackClips'),
        ),
    ),
)
