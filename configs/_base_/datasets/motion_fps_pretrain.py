# Clips of motion_pretrain.py for models that tokenize pixels: 5 frames, 12.5 per second, two clips
# per video with a mask each; a corner or the centre is cut from frames of 40 pixels.
_base_ = 'motion_pretrain.py'

train_dataloader = dict(
    dataset=dict(
        pipeline=dict(
            _delete_=True,
            open=dict(type='OpenVideo', backend='pyav'),
            sample=dict(type='SampleFps', clip_len=5, fps=12.5, num_clips=2),
            read=dict(type='ReadFrames'),
            crop=dict(
                type='DiagonalCrop', size=32, scales=(1.25,), positions=('top', 'centre', 'bottom')
            ),
            mask=dict(
                type='GenerateMasks',
                grid_size=(5, 4, 4),
                encoder=dict(type='BlockMask', num_blocks=5),
            ),
            pack=dict(type='PackClips'),
        ),
    )
)
