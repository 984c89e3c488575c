# 12 layers of width 768.
_base_ = 'vimpac_recognizer_small.py'

model = dict(backbone=dict(arch='base'))
