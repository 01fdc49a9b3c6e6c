"""Endpoints about release pages and their files."""

from __future__ import annotations

import hashlib
from typing import Any

from tests.forge.records import Asset, Release, Repository
from tests.forge.rest import REPO, Call, Refusal, Reply, invalid, may, route
from tests.forge.serve_people import person
from tests.forge.shapes import shaped


def _shown_asset(call: Call, release: Release, asset: Asset) -> dict[str, Any]:
    place = f"{call.api}/repos/{call.repository.full_name}/releases"
    return shaped(
        "release-asset",
        id=asset.id,
        name=asset.name,
        label=asset.label,
        state="uploaded",
        content_type=asset.kind,
        size=len(asset.content),
        digest=f"sha256:{hashlib.sha256(asset.content).hexdigest()}",
        created_at=asset.created,
        updated_at=asset.created,
        uploader=person(call, asset.user),
        url=f"{place}/assets/{asset.id}",
        browser_download_url=f"{_page(call, release, 'download')}/{asset.name}",
    )


def _page(call: Call, release: Release, kind: str = "tag") -> str:
    """The address of a release; a draft's is that of no tag."""
    name = f"untagged-{release.id}" if release.draft else release.tag
    return f"{call.base}/{call.repository.full_name}/releases/{kind}/{name}"


def shown_release(call: Call, release: Release) -> dict[str, Any]:
    """A ``release``. Its ``upload_url`` leads to the host for uploads, as a template."""
    name = call.repository.full_name
    place = f"{call.api}/repos/{name}/releases"
    upload = f"{call.base}/api/uploads/repos/{name}/releases/{release.id}/assets"
    return shaped(
        "release",
        id=release.id,
        tag_name=release.tag,
        target_commitish=release.target,
        name=release.name,
        body=release.body,
        draft=release.draft,
        prerelease=release.prerelease,
        immutable=release.immutable,
        author=person(call, release.user),
        created_at=release.created,
        published_at=release.published,
        assets=[_shown_asset(call, release, asset) for asset in release.assets],
        url=f"{place}/{release.id}",
        assets_url=f"{place}/{release.id}/assets",
        upload_url=f"{upload}{{?name,label}}",
        html_url=_page(call, release),
    )


def _release(call: Call) -> Release:
    found = call.repository.releases.get(call.number("release_id"))
    if found is None or (found.draft and not _sees_drafts(call)):
        raise Refusal(404, "Not Found")
    return found


def _sees_drafts(call: Call) -> bool:
    return may(call.repository, call.token, ("contents",), write=True)


def _published(repo: Repository) -> list[Release]:
    return [release for release in repo.releases.values() if not release.draft]


@route("GET", f"{REPO}/releases", "contents")
def releases(call: Call) -> Reply:
    """The releases, newest first; drafts only for those who may write."""
    found = [it for it in call.repository.releases.values() if not it.draft or _sees_drafts(call)]
    return call.page(found[::-1], lambda release: shown_release(call, release))


@route("POST", f"{REPO}/releases", "contents")
def create_release(call: Call) -> Reply:
    """A new release; one that is not a draft needs its tag, or makes it."""
    repo, body = call.repository, call.body
    made = Release(
        id=call.world.number(),
        tag=body["tag_name"],
        target=body.get("target_commitish", repo.default_branch),
        name=body.get("name"),
        body=body.get("body"),
        draft=body.get("draft", False),
        prerelease=body.get("prerelease", False),
        user=call.user,
        created=call.world.moment(),
    )
    if not made.draft:
        _publish(call, made)
    repo.releases[made.id] = made
    _mark_latest(call, made)
    return Reply(status=201, body=shown_release(call, made))


def _publish(call: Call, release: Release) -> None:
    """Makes a draft public: its tag is then taken for good."""
    repo = call.repository
    if any(other.tag == release.tag for other in _published(repo) if other is not release):
        raise invalid("Release", "tag_name", "already_exists")
    ref = f"refs/tags/{release.tag}"
    if not repo.bare.refs(ref):
        sha = repo.bare.sha(release.target)
        if sha is None:
            raise invalid("Release", "target_commitish")
        repo.bare.set(ref, sha)
    release.draft = False
    release.published = release.published or call.world.moment()
    release.immutable = repo.immutable_releases


def _mark_latest(call: Call, release: Release) -> None:
    """Keeps ``/releases/latest``; ``legacy`` (by date) is the same here as true."""
    wanted = (call.body or {}).get("make_latest", "true")
    if not release.draft and not release.prerelease and wanted != "false":
        call.repository.latest = release.id


@route("GET", f"{REPO}/releases/latest", "contents")
def latest(call: Call) -> Reply:
    """The release marked as latest."""
    repo = call.repository
    if repo.latest is None:
        raise Refusal(404, "Not Found")
    return Reply(body=shown_release(call, repo.releases[repo.latest]))


@route("GET", f"{REPO}/releases/tags/{{tag}}", "contents")
def release_of_tag(call: Call) -> Reply:
    """The published release of a tag: a draft is not found by its tag."""
    for release in _published(call.repository):
        if release.tag == call.values["tag"]:
            return Reply(body=shown_release(call, release))
    raise Refusal(404, "Not Found")


@route("GET", f"{REPO}/releases/{{release_id}}", "contents")
def one_release(call: Call) -> Reply:
    """A release by its id."""
    return Reply(body=shown_release(call, _release(call)))


@route("PATCH", f"{REPO}/releases/{{release_id}}", "contents")
def update_release(call: Call) -> Reply:
    """Changes a release, or publishes a draft."""
    release, body = _release(call), call.body or {}
    if release.immutable and {"tag_name", "target_commitish"} & set(body):
        raise invalid("Release", "tag_name", "custom", "Cannot change an immutable release")
    release.tag = body.get("tag_name", release.tag)
    release.target = body.get("target_commitish", release.target)
    release.name = body.get("name", release.name)
    release.body = body.get("body", release.body)
    release.prerelease = body.get("prerelease", release.prerelease)
    if release.draft and body.get("draft") is False:
        _publish(call, release)
    _mark_latest(call, release)
    return Reply(body=shown_release(call, release))


@route("DELETE", f"{REPO}/releases/{{release_id}}", "contents")
def delete_release(call: Call) -> Reply:
    """Removes a release; the tag stays."""
    repo, release = call.repository, _release(call)
    del repo.releases[release.id]
    repo.latest = None if repo.latest == release.id else repo.latest
    return Reply(status=204)


@route("GET", f"{REPO}/releases/{{release_id}}/assets", "contents")
def assets(call: Call) -> Reply:
    """The files of a release."""
    release = _release(call)
    return call.page(release.assets, lambda asset: _shown_asset(call, release, asset))


@route("POST", f"{REPO}/releases/{{release_id}}/assets", "contents")
def upload(call: Call) -> Reply:
    """A new file. Only the host for uploads takes it."""
    release, name = _release(call), call.query["name"]
    if not call.path.startswith("/uploads"):
        raise Refusal(404, "Not Found")
    if release.immutable:
        raise invalid("ReleaseAsset", "release", "custom", "Cannot change an immutable release")
    if any(asset.name == name for asset in release.assets):
        raise invalid("ReleaseAsset", "name", "already_exists")
    kind = call.headers.get("content-type")
    if not kind:
        raise Refusal(422, "Content-Type is missing")
    made = Asset(
        id=call.world.number(),
        name=name,
        label=call.query.get("label"),
        content=call.raw,
        kind=kind,
        user=call.user,
        created=call.world.moment(),
    )
    release.assets.append(made)
    return Reply(status=201, body=_shown_asset(call, release, made))


def _asset(call: Call) -> tuple[Release, Asset]:
    for release in call.repository.releases.values():
        for asset in release.assets:
            if asset.id == call.number("asset_id"):
                return release, asset
    raise Refusal(404, "Not Found")


@route("GET", f"{REPO}/releases/assets/{{asset_id}}", "contents")
def asset(call: Call) -> Reply:
    """A file of a release: what is known of it, or its bytes where those are asked for."""
    release, found = _asset(call)
    if call.headers.get("accept") == "application/octet-stream":
        return Reply(raw=found.content, headers={"Content-Type": found.kind})
    return Reply(body=_shown_asset(call, release, found))


@route("DELETE", f"{REPO}/releases/assets/{{asset_id}}", "contents")
def delete_asset(call: Call) -> Reply:
    """Removes a file of a release."""
    release, found = _asset(call)
    if release.immutable:
        raise invalid("ReleaseAsset", "release", "custom", "Cannot change an immutable release")
    release.assets.remove(found)
    return Reply(status=204)
