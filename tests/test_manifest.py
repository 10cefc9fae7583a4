import json

import pytest

import manifest
from negneglect_lite.core.files import sha256


def test_lists_files_with_hash_licence_and_origin(tmp_path):
    (tmp_path / "claims").mkdir()
    (tmp_path / "claims" / "dentist.yaml").write_text("id: dentist")
    (tmp_path / "claims" / ".hidden").write_text("")
    (tmp_path / "manifest.json").write_text("old")
    entry = {
        "sha256": sha256(tmp_path / "claims" / "dentist.yaml"),
        "licence": "CC-BY-4.0",
        "made_by": "written by hand",
    }
    assert json.loads(manifest.manifest(tmp_path)) == {"files": {"claims/dentist.yaml": entry}}


def test_a_folder_without_a_rule_is_named(tmp_path):
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "file").write_text("")
    with pytest.raises(ValueError, match="data/odd/file: no rule"):
        manifest.manifest(tmp_path)


def test_the_longest_prefix_wins(monkeypatch):
    monkeypatch.setattr(manifest, "RULES", {"a": ("x", "y"), "a/b": ("z", "w")})
    assert manifest.rule("a/b/c") == ("z", "w")
    assert manifest.rule("a/bc") == ("x", "y")
