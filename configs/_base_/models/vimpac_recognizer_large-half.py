# 24 layers of width 1024 with attention and MLP of half the width.
_base_ = 'vimpac_recognizer_small.py'

model = dict(backbone=dict(arch='large-half'))
