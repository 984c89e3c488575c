"""Contract: a command prints only its result on stdout and errors in one line, with exit codes."""

import argparse
import errno
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.table import Table

from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import (
    Told,
    UsageError,
    run_logged,
    run_tool,
    tool_parser,
    watched,
    work_bars,
)
from mmvideomae.errors import UserError

Make = Callable[[argparse.Namespace], Told]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Any:
    """Run a tool in this process; its status, stdout and stderr, of compiled code too."""

    def call(make: Make, *words: str, **settings: Any) -> tuple[Any, str, str]:
        monkeypatch.setattr(sys, 'argv', ['/somewhere/tool.py', *words])
        parser = tool_parser('What it does.\n\n  as written')
        add_option(parser, '--size', 3, 'of it')
        try:
            code: Any = run_tool(parser, make, **settings)
        except SystemExit as stop:
            code = stop.code
        return code, *capfd.readouterr()

    return call


def chatty(args: argparse.Namespace) -> Told:
    print('Python talks')
    os.write(1, b'a library talks\n')
    table = Table('name', box=None)
    table.add_row('a')
    return Told({'size': args.size}, [table, 'done'], ['a note'], 3)


def test_stdout_holds_the_result_alone(run: Any) -> None:
    code, out, err = run(chatty, '--json', '--size', '5')
    assert code == 3 and json.loads(out) == {'size': 5} and out.count('\n') == 1
    assert sorted(err.splitlines()) == ['Python talks', 'a library talks', 'tool.py: a note']
    code, out, err = run(chatty)
    assert code == 3 and [line.strip() for line in out.splitlines()] == ['name', 'a', 'done']
    assert 'a library talks' in err


@pytest.mark.parametrize(
    'error',
    [
        UserError('wrong: it'),
        ValueError('wrong: it'),
        OSError('wrong: it'),
        BrokenPipeError('wrong: it'),  # of a process that works for us
    ],
)
def test_what_a_user_can_fix_is_one_line(run: Any, error: Exception) -> None:
    def fail(args: argparse.Namespace) -> Told:
        raise error

    assert run(fail) == (1, '', 'tool.py: wrong: it\n')


@pytest.mark.parametrize(
    ('code', 'cure'),
    [
        (errno.EEXIST, 'choose another one'),
        (errno.ENOSPC, 'free some'),
        (errno.EACCES, 'choose a folder'),
        (errno.ENOENT, 'No such file or directory'),
    ],
)
def test_errors_of_the_disk_name_the_file_and_the_cure(run: Any, code: int, cure: str) -> None:
    error = OSError(code, os.strerror(code), 'my folder')
    status, out, err = run(_raising(error))
    assert (status, out) == (1, '') and err.startswith('tool.py: my folder: ')
    assert cure in err and 'Errno' not in err and err.count('\n') == 1


def test_bugs_show_their_traceback(run: Any) -> None:
    with pytest.raises(KeyError):
        run(lambda args: {}['bug'])
    with pytest.raises(RuntimeError, match='bug'):
        run(_raising(RuntimeError('bug')))


def test_only_torch_runs_out_of_memory_in_one_line(run: Any) -> None:
    code, out, err = run(_raising(torch.OutOfMemoryError('tried to allocate 2 GiB')))
    assert (code, out) == (1, '') and err == 'tool.py: out of GPU memory: lower --batch-size\n'
    namesake = type('OutOfMemoryError', (RuntimeError,), {})
    with pytest.raises(namesake):
        run(_raising(namesake('of another library')))


def test_options_that_contradict_show_the_usage(run: Any) -> None:
    code, out, err = run(_raising(UsageError('--size is odd')))
    assert code == 2 and not out and err.startswith('usage: tool.py')
    assert err.endswith('tool.py: error: --size is odd\n')


def test_the_option_nearest_to_an_unknown_one_is_suggested(run: Any) -> None:
    code, _, err = run(chatty, '--szie', '5')
    assert code == 2 and err.endswith("arguments: --szie 5; did you mean '--size'?\n")


def test_an_option_of_a_command_below_is_suggested_too(capsys: pytest.CaptureFixture[str]) -> None:
    parser = tool_parser(None)
    parser.add_subparsers().add_parser('below').add_argument('--seconds')
    with pytest.raises(SystemExit):
        parser.parse_args(['below', '--secnds', '3'])
    assert capsys.readouterr().err.endswith("did you mean '--seconds'?\n")


def test_ctrl_c_says_how_to_go_on(run: Any) -> None:
    stop = _raising(KeyboardInterrupt())
    assert run(stop) == (130, '', '')
    assert run(stop, interrupted='the same command continues')[2].endswith('continues\n')


def test_ctrl_c_is_one_where_a_library_takes_it_for_another_error(run: Any) -> None:
    def fail(args: argparse.Namespace, error: type[Exception] = SyntaxError) -> Told:
        try:
            raise KeyboardInterrupt
        except BaseException:
            raise error('the syntax is wrong')  # noqa: B904  as mmengine does

    assert run(fail) == (130, '', '')
    assert run(lambda args: fail(args, UserError))[0] == 1  # what we say ourselves is meant


def test_lines_that_are_still_made_may_fail(run: Any) -> None:
    def lines() -> Any:
        yield 'first'
        raise ValueError('the camera is gone')

    made = run(lambda args: Told(None, lines()), '--json')
    assert made == (1, 'first\n', 'tool.py: the camera is gone\n')


def test_what_is_said_between_lines_of_json_is_not_on_stdout(run: Any) -> None:
    def lines() -> Any:
        for number in range(2):
            print('a reader talks')
            os.write(1, b'a library talks\n')
            yield json.dumps(number)

    code, out, err = run(lambda args: Told(None, lines()), '--json')
    assert (code, out) == (0, '0\n1\n') and err.count('talks') == 4


def test_work_given_by_name_is_imported_after_the_arguments_are_read(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = 'from mmvideomae.cli.tool import Told\nmake = lambda args: Told({}, "made")\n'
    (tmp_path / 'slow_work_of_a_test.py').write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    assert run('slow_work_of_a_test', '--size', 'x')[0] == 2
    assert 'slow_work_of_a_test' not in sys.modules
    assert run('slow_work_of_a_test')[:2] == (0, 'made\n')


def test_help_shows_the_docstring_and_defaults(run: Any) -> None:
    code, out, _ = run(chatty, '--help', json_help='as JSON')
    assert code == 0 and 'What it does.\n\n  as written' in out
    assert 'of it (default: 3)' in out and out.rstrip().endswith('as JSON')


def test_an_option_takes_values_like_its_default() -> None:
    parser = argparse.ArgumentParser()
    add_option(parser, '--flag', False, 'a flag')
    add_option(parser, '--share', 0.5, 'of all', metavar='X')
    args = parser.parse_args(['--flag', '--share', '2'])
    assert args.flag is True and args.share == 2.0 and isinstance(args.share, float)


def test_watched_items_are_all_there() -> None:
    assert list(watched([1, 2], 'things')) == [1, 2]
    assert list(watched(iter('ab'), 'things', 2)) == ['a', 'b']


def test_a_log_gets_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    list(watched([1, 2], 'things'))
    assert capsys.readouterr().err == ''
    monkeypatch.setattr('mmvideomae.cli.tool.TELL_EVERY', -1.0)
    list(watched([1, 2], 'things'))
    list(watched(iter('a'), 'things'))
    with work_bars() as begin:
        begin('features of a')(3, 5)
    lines = ['things: 1 of 2', 'things: 2 of 2', 'things: 1', 'features of a: 3 of 5']
    assert capsys.readouterr().err.splitlines() == lines


def _raising(error: BaseException) -> Make:
    def make(args: argparse.Namespace) -> Told:
        raise error

    return make


def test_ctrl_c_ends_a_logged_command_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / 'stopped_work.py').write_text(
        'def run(args):\n'
        '    try:\n'
        '        raise KeyboardInterrupt\n'
        '    except:\n'
        '        raise SyntaxError\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, 'argv', ['/somewhere/tool.py'])
    assert run_logged(tool_parser('What it does.'), 'stopped_work') == 130
    assert capfd.readouterr() == ('', 'tool.py: interrupted\n')


def test_results_of_a_logged_command_are_json_whatever_numbers_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / 'measured_work.py').write_text(
        'import numpy as np\n'
        'def run(args):\n'
        "    print('log')\n"
        "    return {'acc': np.float32(0.5), 'matrix': np.eye(2)}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, 'argv', ['/somewhere/tool.py', '--json'])
    parser = tool_parser('What it does.')
    parser.add_argument('--json', action='store_true')
    assert run_logged(parser, 'measured_work') == 0
    out, err = capfd.readouterr()
    assert err == 'log\n' and json.loads(out) == {'acc': 0.5, 'matrix': [[1, 0], [0, 1]]}
