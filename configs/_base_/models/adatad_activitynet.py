# AdaTAD as OpenTAD runs it on ActivityNet-1.3: 768 frames spread over a video, a step for every 4,
# and a narrow ActionFormer with positions, without classes: these come from a classifier of whole
# videos. Scores for testing:
#     --cfg-options model.detector.external_scores.path=data/activitynet/class_scores.json
# A step is within half the distance of two frames from OpenTAD's.
_base_ = 'adatad.py'

width = 256
head = dict(in_channels=width, hidden_channels=width)
model = dict(
    data_preprocessor=dict(frames_per_step=4),
    lr_factor=0.1,
    detector=dict(
        backbone=dict(embed_dims=width, use_abs_pe=True, max_seq_len=192),
        neck=dict(in_channels=width),
        cls_head=dict(head, num_classes=1),
        reg_head=head,
        loss=dict(reg_weight=2.0, label_smoothing=0.1, init_normaliser=200.0),
        test_cfg=dict(
            method='gaussian',
            sigma=0.7,
            max_segments=100,
            class_agnostic=True,
            voting_thresh=0.9,
        ),
    ),
)
