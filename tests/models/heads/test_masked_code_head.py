"""Contract: the masked-code head is BERT's, tied to an embedding that it does not own."""

import torch
from torch.nn import functional as F

from mmvideomae.models.heads import MaskedCodeHead


def test_parameters_are_those_of_the_paper() -> None:
    head = MaskedCodeHead(512, 8197)
    shapes = {name: tuple(value.shape) for name, value in head.state_dict().items()}
    assert shapes == {
        'bias': (8197,),
        'transform.0.weight': (512, 512),
        'transform.0.bias': (512,),
        'transform.2.weight': (512,),
        'transform.2.bias': (512,),
    }
    assert head.transform[2].eps == 1e-12
    assert abs(head.transform[0].weight.std() - 0.02) < 2e-4
    assert not head.transform[0].bias.any()


def test_predicts_through_the_embedding() -> None:
    torch.manual_seed(0)
    head, embedding = MaskedCodeHead(8, 11), torch.randn(11, 8, requires_grad=True)
    with torch.no_grad():
        head.bias.normal_()
    tokens = torch.randn(5, 8)
    hidden = F.layer_norm(F.gelu(head.transform[0](tokens)), (8,), eps=1e-12)
    logits = head(tokens, embedding)
    torch.testing.assert_close(logits, hidden @ embedding.T + head.bias)
    codes = torch.tensor([0, 10, 3, 3, 1])
    loss = head.loss(logits, codes)
    torch.testing.assert_close(loss, -logits.log_softmax(1)[range(5), codes].mean())
    torch.testing.assert_close(head.loss(logits, codes, torch.tensor(2.5)), 2 * loss)
    loss.backward()
    assert embedding.grad.abs().sum() > 0


def test_nothing_masked_is_no_loss_and_no_gap_in_the_graph() -> None:
    head = MaskedCodeHead(8, 11)
    loss = head.loss(head(torch.zeros(0, 8), torch.randn(11, 8)), torch.zeros(0, dtype=torch.int64))
    loss.backward()
    assert loss == 0
    assert all(parameter.grad is not None for parameter in head.parameters())


def test_loss_is_computed_in_float32() -> None:
    head = MaskedCodeHead(8, 11)
    with torch.autocast('cpu', torch.bfloat16):
        logits = head(torch.randn(5, 8), torch.randn(11, 8))
        loss = head.loss(logits, torch.arange(5))
    assert (logits.dtype, loss.dtype) == (torch.bfloat16, torch.float32)
    assert torch.equal(loss, F.cross_entropy(logits.float(), torch.arange(5), reduction='sum') / 5)
