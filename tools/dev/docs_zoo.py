"""MkDocs hook that writes the page of all recipes and public weights, with filters."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from zoo_rows import recipes, table

PAGE = 'model_zoo.md'
TEXT = """---
hide: [toc]
---

# Model zoo

Every recipe of this toolbox, from the metafiles in `configs/`, and the public weights that fit it.
**The figures are those that the papers or the other projects named report; this project has not
measured them.** What it has measured is under [claims](claims.md) and [benchmarks](benchmarks.md).

`mmvideomae weights get NAME` downloads weights, and a name can be given wherever a checkpoint can
([weights by name](weights.md#weights-by-name)). Links lead to the publisher's file or page. The
cost is that of a forward pass, in multiply-accumulates as the papers count them, and of the
published training.

<div id="zoo-filter"></div>

{table}

<script>
{script}
</script>
"""


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add the page, and the configs to which it links, to the site."""
    root = Path(config.config_file_path).parent
    rows = recipes(root)
    for path in sorted({row.config for row in rows}):
        if files.get_file_from_path(path) is None:
            files.append(
                File.generated(
                    config,
                    path,
                    abs_src_path=str(root / path),
                    inclusion=InclusionLevel.NOT_IN_NAV,
                )
            )
    script = Path(__file__).with_name('docs_zoo.js').read_text(encoding='utf-8')
    content = TEXT.format(table=table(rows), script=script)
    files.append(File.generated(config, PAGE, content=content))
