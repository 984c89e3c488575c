# Like motion_fps_pretrain.py, but from files of codes:
#   python tools/misc/extract_tokens.py configs/demo/vqvae_tiny_motion.py data/motion/pretrain.csv \
#       data/motion/codes --data-prefix data/motion --views unmirrored --fps 12.5 --size 32 \
#       --checkpoint work_dirs/vqvae_tiny_motion/epoch_10.pth
_base_ = 'motion_pretrain.py'

train_dataloader = dict(
    dataset=dict(
        pipeline=dict(
            _delete_=True,
            open=dict(
                type='OpenCodes',
                folder='data/motion/codes',
                size=32,
                scales=(1.25,),
                positions=('top', 'centre', 'bottom'),
            ),
            sample=dict(type='SampleFps', clip_len=5, fps=12.5, num_clips=2),
            read=dict(type='ReadCodes'),
            mask=dict(
                type='GenerateMasks',
                grid_size=(5, 4, 4),
                encoder=dict(type='BlockMask', num_blocks=5),
            ),
            pack=dict(type='PackClips'),
        ),
    )
)
