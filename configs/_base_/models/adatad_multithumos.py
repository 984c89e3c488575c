# AdaTAD as OpenTAD runs it on MultiTHUMOS: a third convolution instead of blocks at full length.
_base_ = 'adatad.py'

model = dict(
    detector=dict(
        backbone=dict(arch=(3, 0, 5)),
        cls_head=dict(num_classes=65),
        test_cfg=dict(pre_nms_topk=8000, max_segments=8000),
    )
)
