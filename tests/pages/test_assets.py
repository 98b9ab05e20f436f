"""Modules become one, in the order of their imports, and nothing that would not work slips through."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.pages import assets
from pipeline.pages.assets import AssetError, script, style


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(assets, "ROOT", tmp_path)
    return tmp_path


def test_a_module_comes_once_and_after_what_it_imports(modules: Path) -> None:
    (modules / "base.js").write_text("export function one() { return 1; }\n")
    (modules / "middle.js").write_text('import { one } from "./base.js";\nexport const two = one() + 1;\n')
    (modules / "top.js").write_text('import { one } from "./base.js";\nimport { two } from "./middle.js";\none(two);\n')
    text = script("top.js")
    assert "import" not in text
    assert "export" not in text
    assert text.count("function one") == 1
    assert text.index("function one") < text.index("const two") < text.index("one(two)")


@pytest.mark.parametrize(
    ("files", "wrong"),
    [
        ({"top.js": 'import { a } from "./b.js";\nconst x = 1;\n', "b.js": "export const x = 2;\n"}, "declares x"),
        ({"top.js": 'import { a } from "./b.js";\n', "b.js": 'import { b } from "./top.js";\n'}, "imports itself"),
        ({"top.js": 'import a from "./b.js";\n', "b.js": ""}, "is not read"),
        ({"top.js": "export default 1;\n"}, "is not read"),
        ({"top.js": 'const end = "</script>";\n'}, "end the script"),
        ({"top.js": 'const end = "<!--";\n'}, "end the script"),
    ],
)
def test_what_would_not_work_is_refused(modules: Path, files: dict[str, str], wrong: str) -> None:
    for name, text in files.items():
        (modules / name).write_text(text)
    with pytest.raises(AssetError, match=wrong):
        script("top.js")


def test_no_sheet_or_script_of_ours_reaches_out(root: Path) -> None:
    """The page of a review asks its own server, by addresses without a host; its policy allows no other."""
    for file in (root / "pipeline").glob("*/s[ct]*/*.[cj]s*"):
        text = file.read_text(encoding="utf-8").replace('"http://www.w3.org/2000/svg"', "")
        asks = () if file.parts[-3] == "review" else ("fetch(",)
        for reach in ("http:", "https:", "url(", "@import", "innerHTML", "insertAdjacentHTML", "eval(", *asks):
            assert reach not in text, f"{file.name}: {reach}"


def test_sheets_come_in_their_order() -> None:
    text = style("pages/style/tokens.css", "pages/style/base.css")
    assert text.index(":root") < text.index("box-sizing")
