"""What a repo of the Hub holds beside what would be uploaded, and the upload.

    >>> from tdmm_hf.publishing.remote import make_plan, upload
    >>> plan = make_plan(prepared, "user/faces")    # doctest: +SKIP
    >>> print("\\n".join(plan.lines()))              # doctest: +SKIP
    >>> upload(plan)                                # doctest: +SKIP

An upload that was cut off goes on when it is started again: huggingface_hub asks what is there
before it sends anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from .folder import CARD_FILE, Prepared
from .kinds import REPO_TYPES, Kind

# What the Hub itself puts into a new repo.
INITIAL_FILES = {".gitattributes", ".gitignore", CARD_FILE, "LICENSE"}
GIT_ATTRIBUTES = ".gitattributes"


@dataclass(frozen=True)
class Step:
    """What becomes of one file: "new", "changed", "same", or "delete" (bytes is what goes)."""

    what: str
    path: str
    bytes: int


@dataclass(frozen=True)
class Plan:
    """What an upload would do.

    Args:
        prepared: the folder.
        repo: "user/name"; None where no repo was named.
        exists: whether the repo is there.
        private: whether a new repo is made private.
        steps: a step for each file.
        namesakes: types of other repos of this name.
    """

    prepared: Prepared
    repo: str | None
    exists: bool
    private: bool
    steps: tuple[Step, ...]
    namesakes: tuple[str, ...] = ()

    def to_send(self) -> list[Step]:
        return [step for step in self.steps if step.what in ("new", "changed")]

    @property
    def changes(self) -> bool:
        return any(step.what != "same" for step in self.steps)

    def lines(self) -> list[str]:
        """The plan in words."""
        shown = [f"  {s.what:<8} {size(s.bytes):>9}  {s.path}" for s in self.steps]
        sent = self.to_send()
        what = f"{len(sent)} of {len(self.prepared.files())} files"
        total = f"to upload: {what}, at most {size(sum(step.bytes for step in sent))}"
        return [self._where(), *shown, *self._notes(), total]

    def _where(self) -> str:
        kind = self.prepared.kind.name
        if self.repo is None:
            return f"{kind}: no --repo was named"
        if self.exists:
            return f"{kind} {self.repo}: is on the Hub"
        seen_by = "private" if self.private else "public"
        return f"{kind} {self.repo}: is not on the Hub, would be created ({seen_by})"

    def _notes(self) -> list[str]:
        return [f"note: there is a {other} {self.repo} as well" for other in self.namesakes]


def size(count: int) -> str:
    """Bytes as people read them."""
    for unit, limit in (("B", 1e3), ("kB", 1e6), ("MB", 1e9)):
        if count < limit:
            return f"{count / (limit / 1e3):.{0 if unit == 'B' else 1}f} {unit}"
    return f"{count / 1e9:.1f} GB"


def check_token() -> None:
    """``ValueError`` unless this machine has a token for the Hub."""
    from huggingface_hub import get_token

    if not get_token():
        raise ValueError("an upload needs a token of the Hub, got none: run hf auth login")


def check_repo(repo: str) -> None:
    """``ValueError`` unless it is "user/name" as the Hub allows it."""
    from huggingface_hub.utils import validate_repo_id

    if repo.count("/") != 1:
        raise ValueError(f"a repo must be USER/NAME, got {repo!r}")
    validate_repo_id(repo)


def make_plan(
    prepared: Prepared, repo: str | None, private: bool = False, replace: bool = False
) -> Plan:
    """What an upload to a repo would do; reads the repo, writes nothing.

    Args:
        prepared: the folder.
        repo: "user/name"; None to list the folder only.
        private: whether a new repo is to be private.
        replace: take a repo that holds something else.

    Raises:
        ValueError: the repo holds something that this package did not put there, or another kind.
        OSError: the Hub cannot be asked.
    """
    files = {path: file.stat().st_size for path, file in prepared.files().items()}
    if repo is None:
        return Plan(
            prepared, None, False, private, tuple(Step("new", *one) for one in files.items())
        )
    check_repo(repo)
    with in_one_line(repo):
        stored = _stored(prepared.kind, repo)
        if stored and not replace:
            _check_owner(prepared.kind, repo, stored)
        namesakes = () if stored is not None else _namesakes(prepared.kind, repo)
    steps = [_step(prepared.folder / path, path, (stored or {}).get(path)) for path in files]
    gone = [Step("delete", path, stored[path].size) for path in _outdated(prepared, stored or {})]
    return Plan(prepared, repo, stored is not None, private, (*steps, *gone), namesakes)


def upload(plan: Plan) -> str:
    """Do what a plan says; files that the Hub has are not sent.

    Returns:
        The repo's address.

    Raises:
        ValueError: no token, or the Hub finds fault with the card.
        OSError: the Hub refuses, or the connection is lost. What was sent until then is not sent
            again by the next upload.
    """
    from huggingface_hub import HfApi

    check_token()
    kind, api = plan.prepared.kind, HfApi()
    with in_one_line(plan.repo):
        if not plan.exists:
            options = {"space_sdk": kind.sdk} if kind.sdk else {}
            # A run of this very command may have made it since.
            api.create_repo(
                plan.repo, repo_type=kind.repo_type, private=plan.private, exist_ok=True, **options
            )
        if plan.changes:
            api.upload_folder(
                folder_path=str(plan.prepared.folder),
                repo_id=plan.repo,
                repo_type=kind.repo_type,
                delete_patterns=list(kind.outdated),
                commit_message=f"Upload the {kind.name}",
            )
    return f"{api.endpoint}/{kind.address(plan.repo)}"


@contextmanager
def in_one_line(repo: str) -> Iterator[None]:
    """What goes wrong between here and the Hub, told in a line that says what to do."""
    from huggingface_hub.errors import HfHubHTTPError, HTTPError, LocalEntryNotFoundError

    # Of what is asked and sent: RuntimeError is what xet and LFS wrap their errors in.
    lost = (HTTPError, ConnectionError, TimeoutError, RuntimeError, LocalEntryNotFoundError)
    try:
        yield
    except ValueError:
        raise
    except lost as error:
        cause = error.__cause__ if isinstance(error, RuntimeError) and error.__cause__ else error
        if isinstance(cause, HfHubHTTPError) and cause.response is not None:
            raise OSError(_refusal(cause, repo)) from error
        reason = str(cause).strip() or type(cause).__name__
        raise ConnectionError(
            f"the connection to the Hub was lost ({reason}): run the same command again, what is "
            "there already is not sent twice"
        ) from error


def _refusal(error, repo: str) -> str:
    status = error.response.status_code
    if status == 401:
        return "the Hub does not know this token (401): run hf auth login"
    if status == 403:
        return f"the Hub does not let this token write to {repo} (403)"
    if status >= 500:
        return (
            f"the Hub is out of order ({status}): run the same command again, what is there "
            "already is not sent twice"
        )
    said = error.server_message or str(error).strip().splitlines()[0]
    return f"the Hub refuses {repo} ({status}): {said}"


def _stored(kind: Kind, repo: str) -> dict | None:
    """The files of a repo by path; None where there is no such repo."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError
    from huggingface_hub.hf_api import RepoFile

    try:
        found = HfApi().list_repo_tree(repo, recursive=True, repo_type=kind.repo_type)
        return {entry.path: entry for entry in found if isinstance(entry, RepoFile)}
    except RepositoryNotFoundError:
        return None


def _namesakes(kind: Kind, repo: str) -> tuple[str, ...]:
    from huggingface_hub import HfApi

    others = [one for one in REPO_TYPES if one != kind.repo_type]
    return tuple(one for one in others if HfApi().repo_exists(repo, repo_type=one))


def _check_owner(kind: Kind, repo: str, stored: dict) -> None:
    if set(stored) <= INITIAL_FILES:
        return
    tags = _tags(kind, repo) if CARD_FILE in stored else []
    if not kind.owns(tags):
        what = "another kind of Space" if tags and kind.repo_type == "space" else "something else"
        raise ValueError(
            f"{kind.repo_type} {repo} holds {what}, {len(stored)} files that tdmm push {kind.name} "
            "did not put there: name another --repo, or say --replace"
        )


def _tags(kind: Kind, repo: str) -> list[str]:
    """Of the card that a repo has."""
    import tempfile

    import yaml
    from huggingface_hub import HfApi, metadata_load

    with tempfile.TemporaryDirectory() as folder:
        card = HfApi().hf_hub_download(repo, CARD_FILE, repo_type=kind.repo_type, local_dir=folder)
        try:
            tags = (metadata_load(card) or {}).get("tags")
        except (ValueError, yaml.YAMLError):  # a card that cannot be read is not ours
            return []
    return tags if isinstance(tags, list) else []


def _step(file: Path, path: str, stored) -> Step:
    count = file.stat().st_size
    if stored is None:
        return Step("new", path, count)
    same = stored.size == count and _same(file, stored)
    return Step("same" if same else "changed", path, count)


def _same(file: Path, stored) -> bool:
    """The Hub knows a large file by its SHA-256, any other by git's hash."""
    if stored.lfs is not None:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest() == stored.lfs.sha256
    content = file.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest() == stored.blob_id


def _outdated(prepared: Prepared, stored: dict) -> list[str]:
    kept = {GIT_ATTRIBUTES, *prepared.files()}
    patterns = prepared.kind.outdated
    return [
        path
        for path in sorted(stored)
        if path not in kept and any(fnmatch(path, pattern) for pattern in patterns)
    ]
