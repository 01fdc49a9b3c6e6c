"""What is said of a remote whose package is not installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from dvc.fs import get_fs_cls

from datarelease.adapters.dvc.config import DvcConfig
from datarelease.adapters.dvc.sign_in import sign_in_as_we_do
from datarelease.errors import ConfigError


def config(root: Path, url: str) -> DvcConfig:
    """That of a repository whose default remote is at ``url``."""
    root.mkdir(exist_ok=True)
    (root / "config").write_text(f"[core]\n    remote = r\n['remote \"r\"']\n    url = {url}\n")
    return DvcConfig(root, env={})


PACKAGES = {
    "s3://b/x": ("dvc_s3", "datarelease[s3]"),
    "gs://b/x": ("dvc_gs", "datarelease[gs]"),
    "azure://c/x": ("dvc_azure", "datarelease[azure]"),
    "ssh://h/x": ("dvc_ssh", "datarelease[ssh]"),
    "webdav://h/x": ("dvc_webdav", "datarelease[webdav]"),
    "webdavs://h/x": ("dvc_webdav", "datarelease[webdav]"),
    "oss://b/x": ("dvc_oss", "dvc[oss]"),
    "gdrive://id/x": ("dvc_gdrive", "dvc[gdrive]"),
    "hdfs://h/x": ("dvc_hdfs", "dvc[hdfs]"),
    "webhdfs://h/x": ("dvc_webhdfs", "dvc[webhdfs]"),
}


@pytest.mark.parametrize("url", PACKAGES)
def test_a_package_that_is_not_there_is_named(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what installs it, and no traceback; what needs no remote goes on."""
    package, installed = PACKAGES[url]
    monkeypatch.setitem(sys.modules, package, None)
    scheme = url.partition(":")[0]
    with pytest.raises(ConfigError, match=f"a package for remotes in {scheme}://") as caught:
        config(tmp_path, url).store("r")
    assert installed in caught.value.remedy
    sign_in_as_we_do({"remote": {"r": {"url": url}}}, {})
    assert config(tmp_path, url).overrides() == {}


def test_what_the_package_needs_is_named_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DVC's package is there, and the client that it uses is not."""
    made = get_fs_cls({"url": "gs://b"})
    monkeypatch.setattr(made, "REQUIRES", {"gcsfs": "gcsfs_of_nobody"})
    with pytest.raises(ConfigError, match="gs") as caught:
        config(tmp_path, "gs://b/x").store("r")
    assert "datarelease[gs]" in caught.value.remedy
