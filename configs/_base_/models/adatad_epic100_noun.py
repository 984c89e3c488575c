# AdaTAD as OpenTAD runs it on the nouns of EPIC-Kitchens-100. It leaves out the 7 classes without
# segments; here the head has all 300.
_base_ = 'adatad_epic100_verb.py'

model = dict(detector=dict(cls_head=dict(num_classes=300), loss=dict(label_smoothing=0.1)))
