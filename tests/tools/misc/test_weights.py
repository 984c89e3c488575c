"""Contract: weights.py lists public checkpoints, and says where it cannot know or download."""

from mmvideomae.checkpoints import published_weights
from tests.support.tools import CallTool


def test_list_show_and_get(call_tool: CallTool) -> None:
    done = call_tool('misc/weights.py', 'list', '--json')
    assert [each['name'] for each in done.summary['weights']] == list(published_weights())
    done = call_tool('misc/weights.py', 'list')
    assert len(done.out.splitlines()) == len(published_weights()) + 1
    done = call_tool('misc/weights.py', 'show', 'videomaev2_vit-base_k710-distilled')
    told = dict(line.split(maxsplit=1) for line in done.out.splitlines())
    assert told['classes'] == '710' and told['sha256'] == 'not known'
    done = call_tool('misc/weights.py', 'get', 'videomae_vit-small_k400')
    assert done.code == 1 and 'drive.google.com' in done.err
    assert call_tool('misc/weights.py', 'get').code == 2
