"""Contract: image, workflows, issue forms and citation name what exists, in their formats."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from mmvideomae.version import __version__

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = (ROOT / 'docker' / 'Dockerfile').read_text(encoding='utf-8').replace('\\\n', ' ')


@pytest.mark.parametrize(
    ('level', 'target'), [('core', 'install'), ('detection', 'install-detection'), ('full', None)]
)
def test_the_image_installs_its_level(tmp_path: Path, level: str, target: str | None) -> None:
    (step,) = re.findall(r'^RUN (case .*)$', DOCKERFILE, re.MULTILINE)
    make = tmp_path / 'make'
    make.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/called\n')
    make.chmod(0o755)
    done = subprocess.run(
        ['sh', '-c', step],
        env={'PATH': f'{tmp_path}:{os.environ["PATH"]}', 'LEVEL': level, 'HOME': str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    called = tmp_path / 'called'
    if target is None:
        assert done.returncode == 1 and 'got full' in done.stderr and not called.exists()
    else:
        assert done.returncode == 0 and called.read_text() == f'{target}\n'
        assert re.search(rf'^{target}:', (ROOT / 'Makefile').read_text(), re.MULTILINE)


def test_the_image_has_the_arguments_that_the_guide_names() -> None:
    guide = (ROOT / 'docs' / 'installation.md').read_text(encoding='utf-8')
    given = set(re.findall(r'--build-arg (\w+)=', guide))
    assert given == set(re.findall(r'^ARG (\w+)', DOCKERFILE, re.MULTILINE))


def read(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / name).read_text(encoding='utf-8'))


@pytest.mark.parametrize(('name', 'when'), [
    ('checks', {'push', 'pull_request'}),
    ('build', {'push', 'pull_request'}),
    ('weekly', {'schedule', 'workflow_dispatch'}),
])  # fmt: skip
def test_a_workflow_runs_what_exists(name: str, when: set[str]) -> None:
    workflow = read(f'.github/workflows/{name}.yml')
    events = workflow[True]  # YAML 1.1 reads the key "on" so
    assert set(events) == when and workflow['permissions'] == {'contents': 'read'}
    makefile = (ROOT / 'Makefile').read_text(encoding='utf-8')
    steps = [step for job in workflow['jobs'].values() for step in job['steps']]
    commands = [step['run'] for step in steps if 'run' in step]
    assert commands and all('uses' in step for step in steps if 'run' not in step)
    for command in commands:
        program, *words = command.split()
        if program == 'make':
            assert re.search(rf'^{words[0]}:', makefile, re.MULTILINE)
        elif program != 'python':
            assert os.access(ROOT / program, os.X_OK)
    for version in re.findall(r"python-version: '(.+)'", str(workflow)):
        assert version in (ROOT / 'setup.py').read_text(encoding='utf-8')


def test_the_checks_are_those_of_every_machine() -> None:
    (job,) = read('.github/workflows/checks.yml')['jobs'].values()
    assert job['steps'][-1] == {'run': '.ci/run'}
    (cache,) = (step for step in job['steps'] if 'cache' in step.get('uses', ''))
    files = re.findall(r"hashFiles\('(.+?)'\)", cache['with']['key'])
    assert files and all((ROOT / file).is_file() for file in files)


@pytest.mark.parametrize('name', ['problem', 'wish'])
def test_an_issue_form_is_complete(name: str) -> None:
    form = read(f'.github/ISSUE_TEMPLATE/{name}.yml')
    assert set(form) == {'name', 'description', 'labels', 'body'}
    asked = [field for field in form['body'] if field['type'] != 'markdown']
    assert len({field['id'] for field in asked}) == len(asked) >= 2
    assert all(field['attributes']['label'] for field in asked)
    if name == 'problem':
        (doctor,) = (field for field in asked if field['id'] == 'doctor')
        assert 'mmvideomae doctor' in doctor['attributes']['label']
        assert doctor['validations'] == {'required': True}


def test_the_citation_has_this_version_and_every_paper() -> None:
    citation = read('CITATION.cff')
    assert citation['cff-version'] == '1.2.0' and citation['type'] == 'software'
    assert citation['version'] == __version__ and citation['license'] == 'Apache-2.0'
    assert citation['message'] and citation['title'] == 'mmvideomae' and citation['authors']
    cited = {each['url']: each for each in citation['references']}
    index = read('model-index.yml')
    papers = [
        group['Paper']
        for metafile in index['Import']
        for group in read(metafile).get('Collections', ())
        if 'Paper' in group
    ]
    assert {paper['URL'] for paper in papers} == set(cited)
    for paper in papers:
        assert cited[paper['URL']]['title'] == paper['Title']
    for each in cited.values():
        assert each['type'] in ('article', 'conference-paper') and 2020 < each['year'] < 2030
        for author in each['authors']:
            assert set(author) in ({'family-names', 'given-names'}, {'name'})
