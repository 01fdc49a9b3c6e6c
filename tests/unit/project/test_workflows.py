"""The workflow files as parsed YAML: what `act` cannot see."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from datarelease.flows.pull_requests.announce import _REPORT, OUTCOME
from datarelease.model.diagnosis import PUBLISHING

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / ".github" / "workflows"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yml"))
LOOP = ("check", "report", "build", "release", "announce", "verify")
PINS = {
    "actions/attest": "1e69f48acb82d1966a394da916b4c1698aa569d6 # v4.2.2",
    "actions/cache": "27d5ce7f107fe9357f9df03efb73ab90386fccae # v5.0.5",
    "actions/checkout": "3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
    "actions/deploy-pages": "cd2ce8fcbc39b97be8ca5fce6e763baed58fa128 # v5.0.0",
    "actions/download-artifact": "3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1",
    "actions/setup-python": "5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0",
    "actions/upload-artifact": "bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0",
    "actions/upload-pages-artifact": "fc324d3547104276b827a68afc52ff2a11cc49c9 # v5.0.0",
    "aws-actions/configure-aws-credentials": "e6de054238d6b7531b4efff3b6587d9aade6a06c # v6.2.3",
    "azure/login": "a457da9ea143d694b1b9c7c869ebb04ebe844ef5 # v2.3.0",
    "google-github-actions/auth": "7c6bc770dae815cd3e89ee6cdf493a5fab2cc093 # v3.0.0",
    # Not looked up at its own repository: public workflows pin this commit with this version.
    "pypa/gh-action-pypi-publish": "dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2",
    "iterative/setup-cml": "f12ea7685438c1fc438d50f77519b3860cf5fa98 # v2.0.1",
}
"""Every action used, with the commit that its version tag was verified to point at."""
PERMISSIONS = {
    ("check", "check"): {"contents": "read"},
    ("ci", "test"): {"contents": "read"},
    ("ci", "redpanda"): {"contents": "read"},
    ("ci", "slow"): {"contents": "read"},
    ("newest", "newest"): {"contents": "read"},
    ("publish", "build"): {"contents": "read"},
    ("publish", "try"): {"contents": "read"},
    # It signs and uploads what was built, and has no checkout: nothing of the repository runs.
    ("publish", "pypi"): {"attestations": "write", "id-token": "write"},
    ("publish", "verify"): {"contents": "read"},
    ("publish", "release"): {"contents": "write"},
    # It lists the projects of the base branch, for the status of all of them.
    ("report", "report"): {
        "actions": "read", "contents": "read", "pull-requests": "write", "statuses": "write",
    },
    ("build", "build"): {"contents": "read"},
    ("release", "build"): {"contents": "read"},
    ("release", "publish"): {
        "attestations": "write", "contents": "write", "id-token": "write",
        "pull-requests": "read", "statuses": "read",
    },
    ("release", "announce"): {"contents": "write", "pull-requests": "write"},
    ("announce", "announce"): {"contents": "write", "pull-requests": "write"},
    ("verify", "verify"): {"contents": "read", "id-token": "write", "issues": "write"},
    # It pushes the tag of a channel or a withdrawal, or deletes that of a withdrawal.
    ("versions", "versions"): {"contents": "write", "id-token": "write"},
    # Whoever may push a tag can change it in the tagged commit.
    ("tags", "tags"): {},
    # It runs Sphinx.
    ("site", "handbook"): {"contents": "read"},
    # The one reads remotes as the weekly look does and deploys nothing, the other sees none.
    ("site", "pages"): {"contents": "read", "id-token": "write"},
    ("site", "deploy"): {"id-token": "write", "pages": "write"},
}  # fmt: skip
"""All that any job may do; more than this has to be argued here."""
STAGING = {
    "STAGING_ACCESS_KEY_ID", "STAGING_CONNECTION_STRING", "STAGING_CREDENTIALS_JSON",
    "STAGING_PASSWORD", "STAGING_PRIVATE_KEY", "STAGING_SECRET_ACCESS_KEY", "STAGING_USER",
}  # fmt: skip
REMOTES = {
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "DAGSHUB_TOKEN", "SSH_PRIVATE_KEY",
    "WEBDAV_PASSWORD", "WEBDAV_USER",
}  # fmt: skip
TOLD = {"DISPATCH_TOKEN", "NOTIFY_KEY", "NOTIFY_SLACK_URL", "NOTIFY_URL"}
SECRETS = {
    ("build", "build"): STAGING,
    ("announce", "announce"): TOLD,
    ("release", "build"): STAGING,
    ("release", "publish"): REMOTES | STAGING,
    ("release", "announce"): TOLD,
    ("verify", "verify"): REMOTES,
    ("versions", "versions"): REMOTES,
    ("site", "pages"): REMOTES,
}
"""Which job sees which secret; every other job sees none."""
RUNNER = (
    "${{ startsWith(inputs.NAME, '[') && fromJSON(inputs.NAME) || inputs.NAME || 'ubuntu-24.04' }}"
)
"""Where a job runs that a caller may send elsewhere: one label, or a JSON array of them."""


HERE, SUFFIX = "${{ inputs.directory || '.' }}", "${{ steps.tool.outputs.suffix }}"
"""The DVC root, and what the names of its artifacts end with."""


GROUP = (
    "${{ inputs.directory && inputs.directory != '.' && format('-{0}', inputs.directory) || '' }}"
)
"""What the names of groups end with: nothing for the repository's root."""


def text(name: str) -> str:
    """A workflow as it is written."""
    return (FOLDER / f"{name}.yml").read_text(encoding="utf-8")


@cache
def parsed(name: str) -> dict[str, Any]:
    """A workflow; its triggers are under `on`, which YAML 1.1 reads as true."""
    found: dict[Any, Any] = yaml.safe_load(text(name))
    return {"on" if key is True else key: value for key, value in found.items()}


def jobs(*names: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every job: workflow, name, content."""
    for name in names or NAMES:
        for job, content in parsed(name)["jobs"].items():
            yield name, job, content


def steps(*names: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every step, with where it is."""
    for name, job, content in jobs(*names):
        for number, step in enumerate(content.get("steps", ()), 1):
            yield f"{name}.{job}.{number}", step
    for file in ("action.yml", "action/action.yml"):
        for step in actions(file):
            yield file, step


@cache
def actions(file: str) -> list[dict[str, Any]]:
    """The steps of a composite action."""
    found: list[dict[str, Any]] = yaml.safe_load((ROOT / file).read_text())["runs"]["steps"]
    return found


def strings(value: object) -> Iterator[str]:
    """Every string in a parsed document."""
    if isinstance(value, dict):
        for part in value.values():
            yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)
    elif isinstance(value, str):
        yield value


def test_these_are_the_workflows() -> None:
    """A new workflow has to be added to the tables of this file."""
    assert sorted([*LOOP, "ci", "newest", "publish", "site", "tags", "versions"]) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_permitted_but_what_a_job_asks_for(name: str) -> None:
    """The workflow grants nothing, each job exactly what the table says, each with its reason."""
    assert parsed(name)["permissions"] == {}
    for _, job, content in jobs(name):
        assert content["permissions"] == PERMISSIONS[name, job], job
        for permission, level in content["permissions"].items():
            assert re.search(rf"      {permission}: {level} # \w", text(name)), permission


def test_triggers_are_those_of_the_loop() -> None:
    """Checks run on every pull request and on the merge queue, without a filter on paths."""
    check, report, build, release, announce, verify = (parsed(name)["on"] for name in LOOP)
    assert set(build) == set(announce) == {"workflow_call"}
    assert (check["pull_request"], check["merge_group"]) == (None, None)
    assert set(check) == {"pull_request", "merge_group", "workflow_call"}
    assert report["workflow_run"] == {"workflows": ["check"], "types": ["completed"]}
    assert set(report) == {"workflow_run", "workflow_call"}
    assert release["push"] == {"branches": ["main"]}
    assert set(release) == {"push", "workflow_dispatch", "workflow_call"}
    assert set(verify) == {"schedule", "workflow_dispatch", "workflow_call"}
    assert parsed("check")["name"] == "check"


@pytest.mark.parametrize("name", NAMES)
def test_no_workflow_runs_a_pull_request_with_the_rights_of_the_branch(name: str) -> None:
    """`pull_request_target` is used nowhere."""
    assert "pull_request_target" not in text(name)


def test_releases_wait_for_each_other_and_none_is_dropped() -> None:
    """One group for the repository, nothing is cancelled, all pending runs are kept.

    What a release calls has no group: GitHub cancels a caller that waits for its own group.
    """
    assert not {"concurrency"} & (set(parsed("build")) | set(parsed("announce")))
    assert parsed("release")["concurrency"] == {
        "group": f"data-release{GROUP}", "cancel-in-progress": False, "queue": "max",
    }  # fmt: skip


def test_a_newer_check_of_a_pull_request_replaces_the_older() -> None:
    """Checks are cancelled by their successors; reports and looks at the remotes never are."""
    assert parsed("check")["concurrency"]["cancel-in-progress"] is True
    for name in ("report", "verify"):
        assert parsed(name)["concurrency"]["cancel-in-progress"] is False


def test_environments_hold_the_secrets_of_remotes() -> None:
    """Publishing waits for its environment's rules, looking has one of its own, others none."""
    found = {(name, job): content.get("environment") for name, job, content in jobs(*LOOP)}
    assert {place: value for place, value in found.items() if value} == {
        ("release", "publish"): "data-release",
        ("verify", "verify"): {"name": "data-read", "deployment": False},
    }


def test_every_job_has_a_runner_and_a_time_limit() -> None:
    """No job can hang for the six hours that GitHub would let it."""
    for name, job, content in jobs():
        if "uses" in content:
            continue  # the called workflow's job has both
        runner = content["runs-on"]
        if "${{" in runner:
            given = re.findall(r"inputs\.([\w-]+)", runner)
            assert len(set(given)) == 1
            assert runner == RUNNER.replace("NAME", given[0]), (name, job)
        else:
            assert runner == "ubuntu-24.04", (name, job)
        limit = re.sub(r"\D", "", str(content["timeout-minutes"]))
        assert 0 < int(limit) <= 350, (name, job)


def test_what_callers_may_choose_has_the_default_of_the_file() -> None:
    """Runner and time limit: inputs, with what stands in the job where there is no caller."""
    for name in LOOP:
        inputs = parsed(name)["on"]["workflow_call"]["inputs"]
        assert inputs["runs-on"]["default"] == "ubuntu-24.04"
        for _, job, content in jobs(name):
            if "uses" in content:
                continue
            limit = re.search(r"timeout-minutes \|\| (\d+)", str(content["timeout-minutes"]))
            if limit:
                assert inputs["timeout-minutes"]["default"] == int(limit[1]), job
    publish = parsed("release")["jobs"]["publish"]
    assert "inputs.publish-runs-on" in publish["runs-on"], "never a machine that builds"


def test_caches_are_kept_by_their_content_and_saved_where_they_serve() -> None:
    """By checks of pull requests, releases and the weekly look; each under the digest of `trim`."""
    found, filled = {}, {}
    for _, job, content in jobs(*LOOP):
        for step in content.get("steps", ()):
            if step.get("run") == "datarelease trim --fill":
                filled[job] = step.get("if")
            if "actions/cache/save" in str(step.get("uses")):
                assert step["with"]["key"] == "${{ steps.trim.outputs.key }}"
                found[job] = step["if"]
            if "actions/cache/restore" in str(step.get("uses")):
                assert step["with"]["restore-keys"] == "data-cache-"
                assert step["with"]["key"] == "data-cache-newest"
    saved = "steps.trim.outputs.cache == 'true'"
    assert found == {
        "check": f"github.event_name == 'pull_request' && {saved}", "publish": saved,
        "verify": saved,
    }  # fmt: skip
    # A release of nothing new would fetch all data to save what is saved already.
    assert filled == {"publish": "steps.release.outputs.released == 'true'", "verify": None}
    modes = {
        job: content.get("cache-mode") for _, job, content in jobs(*LOOP) if "steps" in content
    }
    assert modes == {
        "check": None, "report": "none", "build": "read", "publish": "write-only",
        "announce": "none", "verify": None,
    }  # fmt: skip


def test_a_bundle_outlives_an_approval() -> None:
    """An environment's approval may take 30 days."""
    [bundle] = [
        step for where, step in steps("build")
        if "upload-artifact" in str(step.get("uses"))
        and step["with"]["name"] == f"data-bundle{SUFFIX}"
    ]  # fmt: skip
    assert bundle["with"]["retention-days"] >= 30


def test_actions_are_pinned_to_verified_commits() -> None:
    """Every `uses:` is a commit of the table with its version, or this repository itself."""
    for name in NAMES:
        for line in text(name).splitlines():
            if match := re.search(r" uses: (\S+?)@(.+)", line):
                action = "/".join(match[1].split("/")[:2])
                assert match[2].strip() == PINS[action], line
            elif " uses:" in line:
                assert re.search(r"uses: \$/(action|\.github/workflows/\w+\.yml)\b", line), line


def test_checkouts_leave_no_token_behind() -> None:
    """`persist-credentials: false` everywhere: git gets the token from the environment."""
    for where, step in steps():
        if str(step.get("uses", "")).startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False, where


def test_a_run_is_one_command_without_shell_logic() -> None:
    """No line break, pipe, list, redirection, substitution or expression in any `run:`."""
    for where, step in steps():
        command = str(step.get("run", ""))
        assert not re.search(r"[\n;|&<>`(]|\$\{\{|\bif\b|\bfor\b", command.strip()), where


def test_cml_is_installed_at_the_release_that_is_tested() -> None:
    """Not the latest, and nothing from npm: the inputs of setup-cml v2.0.1 (its action.yml)."""
    [step] = [step for _, step in steps("report") if "setup-cml" in str(step.get("uses"))]
    assert step["with"] == {"version": "0.20.6", "vega": False}


@pytest.mark.parametrize("name", NAMES)
def test_the_shell_stops_at_errors(name: str) -> None:
    """bash, which GitHub starts with `-eo pipefail`."""
    assert parsed(name)["defaults"] == {"run": {"shell": "bash"}}


def test_secrets_reach_only_the_jobs_that_need_them() -> None:
    """The job that runs a pull request's code, and the one that posts, see no secret at all."""
    for name, job, content in jobs():
        found = set(re.findall(r"secrets\.(\w+)", "\n".join(strings(content))))
        assert found == SECRETS.get((name, job), set()), (name, job)
        assert "inherit" not in str(content.get("secrets", ""))


def test_secrets_and_inputs_travel_through_the_environment_only() -> None:
    """Of actions, only CML's, the downloader's and AWS's take values that are not constants."""
    for where, step in steps():
        for key, value in step.get("with", {}).items():
            assert "secrets." not in str(value), (where, key)


def test_the_token_is_given_to_single_steps() -> None:
    """No workflow or job has it in its own environment; pipelines are not handed it by accident."""
    for name in NAMES:
        assert "env" not in parsed(name)
    for name, job, content in jobs():
        assert "env" not in content, (name, job)


def test_a_merge_queue_gets_its_status() -> None:
    """Checks of merge groups are posted like those of pull requests, here and where init wrote."""
    template = ROOT / "src/datarelease/templates/data-report.yml.j2"
    for condition in (parsed("report")["jobs"]["report"]["if"], template.read_text()):
        kinds = """contains(fromJSON('["pull_request", "merge_group"]'), """
        assert f"{kinds}github.event.workflow_run.event)" in condition


def test_the_poster_takes_nothing_of_the_pull_request() -> None:
    """No checkout and no action of the workspace: only the artifact, as data, and one command."""
    used = [str(step.get("uses", "")) for where, step in steps("report") if "report" in where]
    assert not any(use.startswith(("actions/checkout", "./", "actions/cache")) for use in used)
    runs = [step["run"] for where, step in steps("report") if "report" in where and "run" in step]
    assert runs == ["datarelease post artifact"]


def test_the_catalogue_reads_a_version_once() -> None:
    """What was read is kept under the hash of the list of versions; the next run restores it."""
    found = {
        step["uses"].partition("@")[0].rpartition("/")[2]: step
        for _, step in steps("site")
        if "actions/cache" in str(step.get("uses"))
    }
    assert found["restore"]["with"] == {
        "path": ".dvc/cache", "key": "site-cache-newest", "restore-keys": "site-cache-",
    }  # fmt: skip
    listed = "hashFiles('public/catalogue/index.json')"
    assert found["save"]["with"]["key"] == f"site-cache-${{{{ {listed} }}}}"
    before = "steps.restored.outputs.cache-matched-key"
    assert found["save"]["if"] == f"{before} != format('site-cache-{{0}}', {listed})"


def test_versions_are_changed_by_hand_alone_on_the_default_branch_alone() -> None:
    """With the rights of the publisher to the remotes, one after the other with releases.

    No cache is read, and the tool alone is installed.
    """
    document = parsed("versions")
    assert set(document["on"]) == {"workflow_dispatch"}
    inputs = document["on"]["workflow_dispatch"]["inputs"]
    assert inputs["command"]["options"] == ["channel set", "yank", "unyank"]
    assert document["concurrency"]["group"] == PUBLISHING
    assert document["concurrency"]["queue"] == "max"
    [job] = document["jobs"].values()
    default = "github.event.repository.default_branch"
    assert job["if"] == f"github.ref == format('refs/heads/{{0}}', {default})"
    assert job["environment"] == "data-release"
    assert job["cache-mode"] == "none"
    assert job["steps"][0]["with"]["ref"] == f"${{{{ {default} }}}}"
    commands = {step["if"]: step["run"] for step in job["steps"] if "run" in step}
    for command in inputs["command"]["options"]:
        assert commands[f"inputs.command == '{command}'"].startswith(f"datarelease {command} ")
    assert len(commands) == 3


def test_the_publisher_runs_nothing_of_the_pipeline() -> None:
    """It installs no requirements of the pipeline, restores no cache, and runs our commands."""
    publish = parsed("release")["jobs"]["publish"]
    for step in publish["steps"]:
        assert "actions/cache/restore" not in str(step.get("uses", ""))
        if step.get("uses") == "$/action":
            assert step["with"] == {"directory": "${{ inputs.directory }}"}
    runs = [step["run"] for step in publish["steps"] if "run" in step]
    assert runs == [
        "datarelease release --bundle bundle --out outcome",
        "datarelease trim --fill",
    ]


def test_executables_never_come_from_a_cache() -> None:
    """What is cached is DVC's cache, whose objects are checked by their hashes."""
    for where, step in steps():
        if "actions/cache" in str(step.get("uses", "")):
            assert step["with"]["path"] in {f"{HERE}/.dvc/cache", ".dvc/cache"}, where


def test_reports_are_uploaded_also_when_the_check_fails() -> None:
    """Blocked or broken, the report reaches the pull request."""
    for name in ("check", "build"):
        uploads = [
            step for where, step in steps(name)
            if "upload-artifact" in str(step.get("uses"))
            and step["with"]["name"] == f"datarelease-report{SUFFIX}" and name in where
        ]  # fmt: skip
        assert [step["if"] for step in uploads] == ["${{ !cancelled() }}"]


def test_people_are_told_whatever_became_of_the_release() -> None:
    """The last job runs after failures too, and knows how the others ended."""
    calling = parsed("release")["jobs"]["announce"]
    assert calling["needs"] == ["build", "publish"]
    assert calling["if"] == "${{ !cancelled() && needs.build.result != 'skipped' }}"
    assert calling["with"]["build-result"] == "${{ needs.build.result }}"
    assert calling["with"]["publish-result"] == "${{ needs.publish.result }}"
    announce = parsed("announce")["jobs"]["announce"]
    # By name, each into the folder that the command reads: a pattern that matches one artifact
    # alone unpacks it elsewhere than where it matches two (download-artifact v8.0.1).
    downloads = [step for step in announce["steps"] if "download-artifact" in step.get("uses", "")]
    assert [step["with"] for step in downloads] == [
        {"name": f"{name}{SUFFIX}", "path": f"artifacts/{name}"}
        for name in (str(Path(_REPORT).parent), str(Path(OUTCOME).parent))
    ]
    assert all(step["continue-on-error"] is True for step in downloads)
    results = announce["steps"][-1]["env"]
    assert results["BUILD_RESULT"] == "${{ inputs.build-result }}"
    assert results["PUBLISH_RESULT"] == "${{ inputs.publish-result }}"


def test_what_the_release_hands_to_the_workflows_that_it_calls() -> None:
    """Each input and secret that they have, the callers' own ones, at the commit of the file."""
    for name in ("build", "announce"):
        job, takes = parsed("release")["jobs"][name], parsed(name)["on"]["workflow_call"]
        assert job["uses"] == f"$/.github/workflows/{name}.yml"
        assert set(job["with"]) == set(takes["inputs"])
        assert job["with"]["directory"] == "${{ inputs.directory }}"
        assert job["secrets"] == {key: f"${{{{ secrets.{key} }}}}" for key in takes["secrets"]}
        [inner] = parsed(name)["jobs"].values()
        assert inner["permissions"] == job["permissions"]


def test_a_caller_learns_what_was_released() -> None:
    """The outputs of the step are the job's, and the called workflow's, by the same names."""
    release = parsed("release")
    names = {"released", "tag", "version", "digest"}
    outputs = release["jobs"]["publish"]["outputs"]
    assert outputs == {name: f"${{{{ steps.release.outputs.{name} }}}}" for name in names}
    called = release["on"]["workflow_call"]["outputs"]
    assert {name: output["value"] for name, output in called.items()} == {
        name: f"${{{{ jobs.publish.outputs.{name} }}}}" for name in names
    }


def test_the_action_at_the_root_is_the_one_in_its_folder() -> None:
    """Without `$/`, unknown to GitHub Enterprise Server; only the place of the script differs."""
    root, inner = (ROOT / name for name in ("action.yml", "action/action.yml"))
    place = "$GITHUB_ACTION_PATH/action/install.py"
    assert place in root.read_text()
    same = root.read_text().replace(place, "$GITHUB_ACTION_PATH/install.py")
    assert yaml.safe_load(same) == yaml.safe_load(inner.read_text())
    assert "$/" not in "\n".join(strings(yaml.safe_load(root.read_text())))
    assert (ROOT / "action" / "install.py").is_file()


def test_several_dvc_roots_of_one_repository_keep_apart() -> None:
    """Groups, artifacts, caches and what is told carry the directory; the root's are plain."""
    assert parsed("check")["concurrency"]["group"].endswith(GROUP)
    assert parsed("verify")["concurrency"]["group"] == f"data-verify{GROUP}"
    told = {"post artifact", "announce artifacts", "announce --damage damage.json",
            "release --bundle bundle --out outcome"}  # fmt: skip
    for name, job, content in jobs(*LOOP):
        assert parsed(name)["on"]["workflow_call"]["inputs"]["directory"]["default"] == "."
        if any("checkout" in str(step.get("uses")) for step in content.get("steps", ())):
            assert content["defaults"] == {"run": {"working-directory": HERE}}, job
        for step in content.get("steps", ()):
            if "-artifact@" in str(step.get("uses")):
                assert step["with"]["name"].endswith(SUFFIX), job
            if str(step.get("run")).removeprefix("datarelease ") in told:
                told.remove(step["run"].removeprefix("datarelease "))
                assert step["env"]["DATARELEASE_DIRECTORY"] == "${{ inputs.directory }}"
    assert told == set()


def test_workflows_can_be_read_at_once() -> None:
    """At most 80 lines a job, besides what explains the inputs."""
    for name in LOOP:
        written = text(name).partition("\njobs:\n")[2]
        assert len(written.splitlines()) <= 80 * len(parsed(name)["jobs"]), name


def test_only_the_default_branch_is_released() -> None:
    """A run by hand from another branch skips the build, and with it everything."""
    build = parsed("release")["jobs"]["build"]
    assert build["if"] == "github.ref_name == github.event.repository.default_branch"


def test_the_release_of_a_dispatch_can_accept_a_digest() -> None:
    """The input reaches the command through the variable that its option reads."""
    release = parsed("release")
    assert "accept" in release["on"]["workflow_dispatch"]["inputs"]
    [step] = [s for s in release["jobs"]["publish"]["steps"] if s.get("id") == "release"]
    assert step["env"]["DATARELEASE_REVIEWED"] == "${{ inputs.accept }}"


def test_the_handbook_is_built_apart_and_joined_to_the_catalogue() -> None:
    """The job that runs Sphinx has no secret and no environment; the next takes its files alone."""
    site = parsed("site")
    handbook, pages = site["jobs"]["handbook"], site["jobs"]["pages"]
    assert "environment" not in handbook
    assert [step["run"] for step in handbook["steps"] if "run" in step] == ["make handbook"]
    assert pages["needs"] == "handbook"
    assert [step["run"] for step in pages["steps"] if "run" in step] == [
        "datarelease site --out public/catalogue"
    ]
    kept, given, taken = (
        next(step["with"] for step in job["steps"] if name in step.get("uses", ""))
        for job, name in (
            (handbook, "upload-artifact"), (pages, "download-artifact"), (pages, "upload-pages"),
        )
    )  # fmt: skip
    assert kept["name"] == given["name"]
    assert given["path"] == taken["path"] == "public"
    assert re.search(rf"docs {kept['path']}$", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_the_tool_is_published_in_the_order_of_trust() -> None:
    """The job that may upload waits for what was tried, and for people; tags come last."""
    publish = parsed("publish")
    assert publish["on"] == {
        "workflow_dispatch": None, "push": {"tags": ["v[0-9]+.[0-9]+.[0-9]+*"]},
    }  # fmt: skip
    assert publish["concurrency"] == {"group": "publish", "cancel-in-progress": False}
    found = publish["jobs"]
    assert {name: job.get("needs") for name, job in found.items()} == {
        "build": None, "try": "build", "pypi": ["build", "try"], "verify": "pypi",
        "release": "verify",
    }  # fmt: skip
    assert {name for name, job in found.items() if "environment" in job} == {"pypi"}
    assert "default_branch" in found["build"]["if"]
    steps_of_pypi = found["pypi"]["steps"]
    assert not any("run" in step or "checkout" in step["uses"] for step in steps_of_pypi)
    used = [step["uses"].partition("@")[0] for step in steps_of_pypi]
    assert used.index("actions/attest") < used.index("pypa/gh-action-pypi-publish")
    runs = [step["run"] for step in found["release"]["steps"] if "run" in step]
    assert runs == ["python publish/steps.py announce dist"]
    assert [step for step in found["release"]["steps"] if "GH_TOKEN" in step.get("env", {})] == [
        found["release"]["steps"][-1]
    ]


def test_the_catalogue_follows_releases_and_is_deployed_apart() -> None:
    """The job that reads remotes cannot deploy, and the one that deploys runs one action."""
    site = parsed("site")
    assert site["on"] == {
        "workflow_run": {
            "workflows": ["release", "verify", "versions", "tags"],
            "types": ["completed"],
        },
        "push": {"branches": ["main"], "paths": ["docs/**", "CONTRIBUTING.md"]},
        "workflow_dispatch": None,
    }
    pages, deploy = site["jobs"]["pages"], site["jobs"]["deploy"]
    assert pages["environment"] == parsed("verify")["jobs"]["verify"]["environment"]
    assert "conclusion == 'success'" in site["jobs"]["handbook"]["if"]
    # Not of pull requests: anybody can name a workflow as one of these in a fork.
    kinds = """contains(fromJSON('["push", "schedule", "workflow_dispatch"]'), """
    assert f"{kinds}github.event.workflow_run.event)" in site["jobs"]["handbook"]["if"]
    assert {parsed(name)["name"] for name in site["on"]["workflow_run"]["workflows"]} == set(
        site["on"]["workflow_run"]["workflows"]
    )
    assert deploy["needs"] == "pages"
    assert deploy["environment"] == "github-pages"
    assert [step["uses"].partition("@")[0] for step in deploy["steps"]] == ["actions/deploy-pages"]
