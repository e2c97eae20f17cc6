# SPDX-License-Identifier: Apache-2.0
"""The program on the product page runs as it stands."""

import ast
import re
from pathlib import Path

import cogway

README = Path(__file__).parents[2] / "README.md"


def test_the_first_program_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    photos = tmp_path / "photos"
    photos.mkdir()
    with cogway.Engine(native_workers=1) as engine:
        for number in range(5):
            pixels = memoryview(bytes([40 * number]) * (300 * 400 * 3)).cast("B", (300, 400, 3))
            encoded = engine.c_spawn("image.encode", pixels).result()
            photos.joinpath(f"{number}.jpg").write_bytes(encoded)
    monkeypatch.chdir(tmp_path)
    shapes = []
    program = re.search(r"```python\n(.*?)```", README.read_text(), re.DOTALL).group(1)
    exec(
        compile(program, "README.md", "exec"), {"train_step": lambda b: shapes.append(b.data.shape)}
    )
    assert shapes == [(5, 3, 224, 224)]
    assert Path("small.jpg").read_bytes()[:2] == b"\xff\xd8"
    sizes = ast.literal_eval(capsys.readouterr().out)
    assert len(sizes) == 5
    assert sizes[0] == Path("small.jpg").stat().st_size
