"""GitHub Releases and their assets."""

from __future__ import annotations

from datarelease.adapters.github.connection import GitHubConnection, part
from datarelease.adapters.github.errors import Ask
from datarelease.adapters.github.values import AssetShape, GitHubReleaseShape, ShapeReader
from datarelease.model.github import Asset, GitHubRelease

_release = ShapeReader(GitHubReleaseShape)
_asset = ShapeReader(AssetShape)
_READ = "contents: read"
_WRITE = "contents: write"


class Releases(GitHubConnection):
    """GitHub Releases; each method raises GitHubError."""

    def release(self, tag: str) -> GitHubRelease | None:
        """The release of a tag, or a draft of one, or None.

        1 request where it is published; otherwise 1 more for each 100 releases there are, since
        drafts are only found in the list (and only by a token that may write).
        """
        ask = Ask(what=f"find the GitHub Release of {tag}", permission=_READ)
        found = self._requests.find(f"/releases/tags/{part(tag)}", ask)
        if found is not None:
            return self._read(_release, ask, found).value
        for shape in self._each(_release, ask, self._requests.pages("/releases", ask)):
            if shape.tag_name == tag:
                return shape.value
        return None

    def latest_release(self) -> GitHubRelease | None:
        """The release that GitHub shows as the latest, or None; 1 request."""
        ask = Ask(what="find the latest GitHub Release", permission=_READ)
        found = self._requests.find("/releases/latest", ask)
        return self._read(_release, ask, found).value if found is not None else None

    def create_release(self, *, tag: str, name: str, body: str) -> GitHubRelease:
        """A new draft for an existing tag; 1 request, which is not repeated by itself."""
        ask = Ask(
            what=f"draft a GitHub Release of {tag}",
            permission=_WRITE,
            untouched="No draft was created.",
            repeatable=False,
        )
        content = {"tag_name": tag, "name": name, "body": body, "draft": True}
        return self._read(
            _release, ask, self._requests.send("POST", "/releases", ask, content)
        ).value

    def update_release(self, release: int, *, name: str, body: str) -> GitHubRelease:
        """The release with another name and text; 1 request."""
        ask = Ask(
            what=f"update the GitHub Release {release}",
            permission=_WRITE,
            untouched="The GitHub Release was not changed.",
        )
        return self._change(release, ask, {"name": name, "body": body})

    def publish_release(self, release: int, *, latest: bool) -> GitHubRelease:
        """The release, no draft any more; ``latest`` shows it as the latest; 1 request."""
        ask = Ask(
            what=f"publish the GitHub Release {release}",
            permission=_WRITE,
            untouched="It is still a draft.",
        )
        return self._change(
            release, ask, {"draft": False, "make_latest": "true" if latest else "false"}
        )

    def upload_asset(self, release: GitHubRelease, name: str, data: bytes, *, kind: str) -> Asset:
        """The file that was added, of media type ``kind``; 1 request, not repeated by itself.

        An upload that breaks off leaves an incomplete asset, whose name is taken until it is
        deleted.
        """
        ask = Ask(
            what=f"upload the asset {name} of {release.tag}",
            permission=_WRITE,
            untouched="The release has its other assets.",
            repeatable=False,
        )
        done = self._requests.upload(release.uploads, ask, name=name, data=data, kind=kind)
        return self._read(_asset, ask, done).value

    def delete_asset(self, asset: int) -> None:
        """Remove a file of a release; 1 request."""
        ask = Ask(what=f"delete the asset {asset}", permission=_WRITE)
        self._requests.send("DELETE", f"/releases/assets/{asset}", ask)

    def _change(self, release: int, ask: Ask, content: dict[str, object]) -> GitHubRelease:
        done = self._requests.send("PATCH", f"/releases/{release}", ask, content)
        return self._read(_release, ask, done).value
