# AVA 2.1: like ava.py, but with the lists of that version. Use it instead of ava.py in a recipe.
_base_ = 'ava.py'

folder = 'data/ava/annotations'
label_map = f'{folder}/ava_action_list_v2.1_for_activitynet_2018.pbtxt'

train_dataloader = dict(
    dataset=dict(
        ann_file=f'{folder}/ava_train_v2.1.csv',
        label_map=label_map,
        excluded_file=f'{folder}/ava_train_excluded_timestamps_v2.1.csv',
    ),
)
val_dataloader = dict(
    dataset=dict(
        ann_file=f'{folder}/ava_val_v2.1.csv',
        label_map=label_map,
        excluded_file=f'{folder}/ava_val_excluded_timestamps_v2.1.csv',
    ),
)
test_dataloader = val_dataloader
