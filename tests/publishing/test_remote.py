"""What a repo holds beside what would be uploaded, and uploads that go wrong."""

import hashlib

import pytest

from tdmm_hf.publishing import remote
from tdmm_hf.publishing.kinds import DATASET, METRIC, MODEL, SPACE

WEIGHTS = hashlib.sha256(b"weights").hexdigest()


def steps(plan):
    return {step.path: step.what for step in plan.steps}


def push(prepared, repo="user/face", **options):
    return remote.upload(remote.make_plan(prepared, repo, **options))


def stored(hub, repo="user/face"):
    return {path: text for path, text in hub.repos[repo].items() if path != ".gitattributes"}


def contents(prepared):
    return {path: file.read_bytes() for path, file in prepared.files().items()}


def test_a_plan_asks_and_writes_nothing(hub, make_prepared):
    plan = remote.make_plan(make_prepared(), "user/face")
    assert steps(plan) == {"README.md": "new", "model.safetensors": "new"}
    assert "would be created (public)" in "\n".join(plan.lines())
    assert not hub.repos
    assert {call.split()[0] for call in hub.calls} == {"GET"}


def test_what_is_uploaded_is_the_folder(hub, make_prepared):
    prepared = make_prepared(**{"sub/more.json": "{}"})
    assert push(prepared, private=True) == f"{hub.endpoint}/user/face"
    assert stored(hub) == contents(prepared)
    assert hub.private == {"user/face": True}


@pytest.mark.parametrize(
    ("kind", "place"), [(DATASET, "datasets/user/face"), (SPACE, "spaces/user/face")]
)
def test_every_kind_has_its_place(hub, make_prepared, kind, place):
    assert push(make_prepared(kind)) == f"{hub.endpoint}/{place}"
    assert set(hub.repos) == {place}


def test_only_what_changed_is_sent_and_what_is_outdated_goes(hub, make_prepared):
    push(make_prepared(**{"old.py": "1", "notes.txt": "kept"}))
    hub.sent.clear()
    plan = remote.make_plan(
        make_prepared(**{"config.json": "{}", "README.md": CARD_2}), "user/face"
    )
    assert steps(plan) == {
        "README.md": "changed", "model.safetensors": "same", "config.json": "new",
        "old.py": "delete",
    }  # fmt: skip
    assert "to upload: 2 of 3 files" in plan.lines()[-1]
    remote.upload(plan)
    assert set(stored(hub)) == {"README.md", "model.safetensors", "config.json", "notes.txt"}
    assert not hub.sent


CARD_2 = "---\nlicense: mit\ntags: [tdmm-hf]\n---\nNew words.\n"


def test_a_second_push_of_the_same_commits_nothing(hub, make_prepared):
    prepared = make_prepared()
    push(prepared)
    plan = remote.make_plan(prepared, "user/face")
    assert set(steps(plan).values()) == {"same"}
    assert remote.upload(plan) == f"{hub.endpoint}/user/face"
    assert hub.commits == 1


def test_a_repo_that_holds_something_else_is_left_alone(hub, make_prepared):
    hub.repos["user/face"] = {"README.md": b"---\nlicense: mit\n---\nmine", "mine.bin": b"1"}
    with pytest.raises(ValueError, match=r"model user/face holds something else, 2 files"):
        push(make_prepared())
    assert set(stored(hub)) == {"README.md", "mine.bin"}
    push(make_prepared(), replace=True)
    assert set(stored(hub)) == {"README.md", "mine.bin", "model.safetensors"}


@pytest.mark.parametrize(("kind", "tags"), [(SPACE, "[tdmm-hf, metric]"), (METRIC, "[tdmm-hf]")])
def test_a_metric_and_a_space_do_not_take_each_others_place(hub, make_prepared, kind, tags):
    card = f"---\ntags: {tags}\n---\n".encode()
    hub.repos["spaces/user/face"] = {"README.md": card, "app.py": b"1"}
    with pytest.raises(ValueError, match="holds another kind of Space"):
        push(make_prepared(kind))


@pytest.mark.parametrize("card", [b"no header", b"---\n: [\n---\n", b"---\ntags: word\n---\n"])
def test_a_card_that_cannot_be_read_is_not_ours(hub, make_prepared, card):
    hub.repos["user/face"] = {"README.md": card, "mine.bin": b"1"}
    with pytest.raises(ValueError, match="holds something else"):
        push(make_prepared())


def test_a_repo_just_made_by_hand_is_taken(hub, make_prepared):
    hub.repos["user/face"] = {".gitattributes": b"", "README.md": b"---\nlicense: mit\n---\n"}
    prepared = make_prepared()
    push(prepared)
    assert stored(hub) == contents(prepared)


def test_namesakes_of_other_types_are_told(hub, make_prepared):
    hub.repos["datasets/user/face"] = {"README.md": b""}
    plan = remote.make_plan(make_prepared(), "user/face")
    assert "note: there is a dataset user/face as well" in plan.lines()


def test_an_upload_that_was_cut_off_goes_on_where_it_was(hub, make_prepared):
    files = {f"model-{n}.safetensors": f"part {n}" for n in range(4)}
    prepared = make_prepared(**files)
    hub.break_at("PUT /blob", after=2)
    with pytest.raises(ConnectionError, match="run the same command again") as told:
        push(prepared)
    assert "\n" not in str(told.value)
    assert 1 <= len(hub.sent) < 5
    assert not stored(hub)
    hub.mend()
    push(prepared)
    assert stored(hub) == contents(prepared)
    assert set(hub.sent.values()) == {1}
    assert len(hub.sent) == 5


@pytest.mark.parametrize(
    ("call", "answered"),
    [
        ("POST /api/repos/create", False),
        ("POST /api/repos/create", True),
        ("POST /api/validate-yaml", False),
        ("POST .*/preupload/", False),
        ("POST .*/objects/batch", False),
        ("POST .*/commit/", False),
        ("POST .*/commit/", True),
        ("GET .*/tree/", False),
    ],
)
def test_wherever_the_connection_is_lost_the_next_run_goes_on(hub, make_prepared, call, answered):
    prepared = make_prepared()
    hub.break_at(call, answered=answered)
    with pytest.raises(ConnectionError, match="run the same command again"):
        push(prepared)
    hub.mend()
    push(prepared)
    assert stored(hub) == contents(prepared)
    assert hub.sent == {WEIGHTS: 1}
    assert hub.commits == 1


def test_a_connection_lost_while_a_repo_is_looked_at(hub, make_prepared):
    push(make_prepared())
    hub.break_at("(GET|HEAD) .*/resolve/")
    with pytest.raises(ConnectionError, match="run the same command again"):
        push(make_prepared())


def test_what_is_wrong_here_is_not_the_hubs_fault(hub, make_prepared, monkeypatch):
    def unreadable(*_, **__):
        raise PermissionError("model.safetensors")

    monkeypatch.setattr("huggingface_hub.HfApi.upload_folder", unreadable)
    with pytest.raises(PermissionError, match=r"model\.safetensors"):
        push(make_prepared())


def test_a_hub_out_of_order_is_told(hub, make_prepared):
    hub.break_at("POST .*/commit/", status=503)
    with pytest.raises(OSError, match=r"the Hub is out of order \(503\): run the same command"):
        push(make_prepared())


def test_no_hub_at_all_is_a_lost_connection(hub, make_prepared, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ConnectionError, match="connection to the Hub was lost"):
        push(make_prepared())


def test_without_a_token_nothing_is_asked(hub, make_prepared, monkeypatch):
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    with pytest.raises(ValueError, match="needs a token"):
        push(make_prepared())
    assert not hub.repos


def test_a_token_that_the_hub_does_not_know_is_told(hub, make_prepared, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_unknown")
    with pytest.raises(OSError, match=r"does not know this token \(401\)"):
        push(make_prepared())


def test_another_users_place_is_told(hub, make_prepared):
    with pytest.raises(OSError, match=r"does not let this token write to somebody/face \(403\)"):
        push(make_prepared(), "somebody/face")
    assert not hub.repos


def test_what_the_hub_says_of_a_card_is_told(hub, make_prepared):
    hub.rejects_cards = '"license" must be one of [apache-2.0]'
    with pytest.raises(ValueError, match='"license" must be one of'):
        push(make_prepared())
    assert not hub.sent


@pytest.mark.parametrize("repo", ["face", "user/face/more", "user/fa ce", "user/-face"])
def test_a_repo_must_be_named_as_the_hub_names_them(repo):
    with pytest.raises(ValueError, match=r"USER/NAME|[Rr]epo"):
        remote.check_repo(repo)


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (45_800_000, "45.8 MB"),
                        (2_500_000_000, "2.5 GB")],
)  # fmt: skip
def test_sizes_are_told_as_people_read_them(count, text):
    assert remote.size(count) == text


def test_kinds_know_their_own():
    assert MODEL.owns(["tdmm-hf"])
    assert not MODEL.owns(["metric"])
    assert METRIC.owns(["tdmm-hf", "metric"])
    assert not SPACE.owns(["tdmm-hf", "metric"])
