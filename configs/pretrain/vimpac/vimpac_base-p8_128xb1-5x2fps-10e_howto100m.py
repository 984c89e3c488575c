# NNODES=16 bash tools/dist_train.sh \
#     configs/pretrain/vimpac/vimpac_base-p8_128xb1-5x2fps-10e_howto100m.py 8
# Cost: 145.85 G multiply-accumulates per clip and pass through the encoder, 122.5 M parameters
#   without the tokenizer, 128 GPUs.
# Paper: 78.1 % top-1 on UCF101 after fine-tuning, 18.4 % accuracy on the masked codes, contrastive
#   loss 1.00 (Table 6).
# Recipe: the rate for this size is not published; the paper tries 1e-3, 5e-4 and 3e-4 in turn until
#   training does not diverge (appendix C.1).
_base_ = [
    '../../_base_/models/vimpac_base.py',
    '../../_base_/datasets/howto100m_codes.py',
    '../../_base_/schedules/adamw_vimpac.py',
    '../../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=1)
optim_wrapper = dict(accumulative_counts=8)
