"""A Hub of one machine: keeps what is uploaded and serves it, for the calls that a push takes.

It answers as the Hub does where a client's behaviour hangs on it: 409 for a repo that is there, the
oid of each file that it has (so that nothing is sent twice), no upload action for a blob that it
has, 401 without a token and 403 in a namespace that is not the token's. ``break_at`` cuts
connections.
"""

import base64
import hashlib
import json
import re
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "1" * 40
LARGE = (".parquet", ".safetensors", ".whl")  # what .gitattributes sends through LFS
PREFIXES = {"model": "", "dataset": "datasets/", "space": "spaces/"}


class FakeHub:
    """A server at ``endpoint``.

    ``repos`` maps a repo to its files' contents by path. A repo is named as in its address:
    "user/model", "datasets/user/data", "spaces/user/page".
    """

    def __init__(self):
        self.repos: dict[str, dict[str, bytes]] = {}
        self.private: dict[str, bool] = {}
        self.blobs: dict[str, bytes] = {}
        self.sent: Counter[str] = Counter()  # uploads of each blob
        self.commits = 0
        self.calls: list[str] = []
        self.writers = {"hf_of_tests": "user"}
        self.rejects_cards = ""  # what validate-yaml says is wrong
        self.breaks: list[tuple[re.Pattern, int, bool | int]] = []
        handler = type("Handler", (_Handler,), {"hub": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def break_at(self, pattern: str, after: int = 0, answered: bool = False, status: int = 0):
        """Cut the connection of every call "METHOD path" that matches, but for the first ``after``.

        With ``answered`` the call is done and only its answer is lost; with ``status`` the call is
        answered by that and not done.
        """
        self.breaks.append((re.compile(pattern), after, status or answered))

    def mend(self):
        self.breaks.clear()

    def broken(self, call: str) -> bool | int | None:
        """None for a sound connection; whether the call is done before it is cut; or a status."""
        for number, (pattern, after, answered) in enumerate(self.breaks):
            if pattern.search(call):
                self.breaks[number] = (pattern, after - 1, answered)
                if after <= 0:
                    return answered
        return None


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def _send(self, body=b"", status=200, headers=None):
        if self.cut:
            self.close_connection = True
            return
        if not isinstance(body, bytes):
            body, headers = json.dumps(body).encode(), {"Content-Type": "application/json"}
        self.send_response(status)
        for name, value in {"Content-Length": len(body), **(headers or {})}.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _refuse(self, status, code):
        self._send(b"", status, {"X-Error-Code": code, "X-Error-Message": code})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        found = b""
        while size := int(self.rfile.readline(), 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return found

    def _answer(self):
        url = urlsplit(self.path)
        path = unquote(url.path)
        call = f"{self.command} {path}"
        self.hub.calls.append(call)
        body = self._body()
        self.cut = self.hub.broken(call)
        if self.cut is False:
            self.close_connection = True
            return None
        if self.cut not in (None, True):
            status, self.cut = self.cut, None
            return self._send({"error": "out of order"}, status)
        for pattern, answer in ROUTES:
            if found := re.fullmatch(pattern, call):
                groups = found.groupdict()
                kind = groups.pop("kind", None)
                if kind is not None:
                    groups["repo"] = PREFIXES[kind.rstrip("s")] + groups["repo"]
                return answer(self, body, parse_qs(url.query), **groups)
        return self._send({"error": "not found"}, 404)

    do_GET = do_POST = do_PUT = do_HEAD = _answer  # noqa: N815

    def _user(self) -> str | None:
        return self.hub.writers.get(self.headers.get("Authorization", "").removeprefix("Bearer "))

    def _may_write(self, repo) -> bool:
        """Whether the call may go on; answers it where not."""
        user = self._user()
        if user is None:
            self._send({"error": "Invalid username or password."}, 401)
        elif repo.split("/")[-2] != user:
            self._send({"error": "Forbidden"}, 403)
        elif repo not in self.hub.repos:
            self._refuse(404, "RepoNotFound")
        else:
            return True
        return False

    def create(self, body, query):
        asked = json.loads(body)
        kind = asked.get("type", "model")
        name = f"{asked.get('organization') or 'user'}/{asked['name']}"
        repo = PREFIXES[kind] + name
        url = {"url": f"{self.hub.endpoint}/{repo}", "name": name, "id": name}
        if repo in self.hub.repos:
            return self._send({**url, "error": "You already created this repo"}, 409)
        self.hub.repos[repo] = {}
        if not self._may_write(repo):
            del self.hub.repos[repo]
            return None
        self.hub.repos[repo][".gitattributes"] = b"*.parquet filter=lfs\n"
        self.hub.private[repo] = asked.get("visibility") == "private" or asked.get("private")
        return self._send(url)

    def validate(self, body, query):
        if self.hub.rejects_cards:
            return self._send({"errors": [{"message": self.hub.rejects_cards}]}, 400)
        return self._send({"errors": [], "warnings": []})

    def preupload(self, body, query, repo):
        if not self._may_write(repo):
            return None
        stored = self.hub.repos[repo]
        answer = []
        for file in json.loads(body)["files"]:
            path = file["path"]
            entry = {"path": path, "uploadMode": _mode(path), "shouldIgnore": False}
            if path in stored:
                entry["oid"] = _oid(path, stored[path])
            answer.append(entry)
        return self._send({"files": answer})

    def batch(self, body, query, kind_prefix, repo):
        repo = (kind_prefix or "") + repo
        if not self._may_write(repo):
            return None
        objects = []
        for one in json.loads(body)["objects"]:
            entry = {"oid": one["oid"], "size": one["size"]}
            if one["oid"] not in self.hub.blobs:
                entry["actions"] = {"upload": {"href": f"{self.hub.endpoint}/blob/{one['oid']}"}}
            objects.append(entry)
        return self._send({"transfer": "basic", "objects": objects})

    def put(self, body, query, oid):
        assert hashlib.sha256(body).hexdigest() == oid
        self.hub.blobs[oid] = body
        self.hub.sent[oid] += 1
        self._send()

    def commit(self, body, query, repo):
        if not self._may_write(repo):
            return None
        files = self.hub.repos[repo]
        for line in body.splitlines():
            step = json.loads(line)
            value = step["value"]
            if step["key"] == "lfsFile":
                files[value["path"]] = self.hub.blobs[value["oid"]]
            elif step["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif step["key"] == "deletedFile":
                del files[value["path"]]
        self.hub.commits += 1
        url = f"{self.hub.endpoint}/{repo}/commit/{COMMIT}"
        return self._send({"success": True, "commitUrl": url, "commitOid": COMMIT})

    def info(self, body, query, repo, revision="main"):
        if repo not in self.hub.repos:
            return self._refuse(404, "RepoNotFound")
        files = [{"rfilename": path} for path in sorted(self.hub.repos[repo])]
        name = "/".join(repo.split("/")[-2:])
        private = bool(self.hub.private.get(repo))
        return self._send(
            {"id": name, "sha": COMMIT, "private": private, "siblings": files, "tags": []}
        )

    def tree(self, body, query, repo, revision, under=""):
        if repo not in self.hub.repos:
            return self._refuse(404, "RepoNotFound")
        deep = query.get("recursive", ["false"])[0].lower() == "true"
        found = {}
        for path, content in self.hub.repos[repo].items():
            if under and not path.startswith(under + "/"):
                continue
            rest = path[len(under) + 1 if under else 0 :]
            if "/" in rest and not deep:
                folder = path[: len(path) - len(rest)] + rest.split("/")[0]
                found[folder] = {"type": "directory", "oid": COMMIT, "size": 0, "path": folder}
            else:
                found[path] = _entry(path, content)
        if not found and under:
            return self._refuse(404, "EntryNotFound")
        return self._send([found[path] for path in sorted(found)])

    def paths(self, body, query, repo, revision):
        asked = parse_qs(body.decode()) if b"=" in body[:20] else json.loads(body)
        files = self.hub.repos[repo]
        found = []
        for path in asked["paths"]:
            if path in files:
                found.append(_entry(path, files[path]))
            elif any(name.startswith(path + "/") for name in files):
                found.append({"type": "directory", "oid": COMMIT, "size": 0, "path": path})
        self._send(found)

    def resolve(self, body, query, kind_prefix, repo, revision, path):
        content = self.hub.repos.get((kind_prefix or "") + repo, {}).get(path)
        if content is None or revision not in ("main", COMMIT):
            return self._refuse(404, "EntryNotFound")
        headers = {
            "ETag": f'"{hashlib.sha1(content).hexdigest()}"',
            "X-Repo-Commit": COMMIT,
            "Accept-Ranges": "bytes",
        }
        if asked := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            first, last = int(asked[1]), int(asked[2] or len(content) - 1)
            headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
            return self._send(content[first : last + 1], 206, headers)
        return self._send(content, 200, headers)


def _mode(path: str) -> str:
    return "lfs" if path.endswith(LARGE) else "regular"


def _oid(path: str, content: bytes) -> str:
    """What preupload tells: sha256 of a large file, git's hash of any other."""
    if _mode(path) == "lfs":
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _entry(path: str, content: bytes) -> dict:
    entry = {"type": "file", "oid": _oid(path, content), "size": len(content), "path": path}
    if _mode(path) == "lfs":
        lfs = {"oid": entry["oid"], "size": len(content), "pointerSize": 134}
        return {**entry, "oid": COMMIT, "lfs": lfs}
    return entry


API = r"/api/(?P<kind>models|datasets|spaces)/(?P<repo>[^/]+/[^/]+)"
REPO = r"/(?P<kind_prefix>datasets/|spaces/)?(?P<repo>[^/]+/[^/]+)"
ROUTES = [
    (r"POST /api/repos/create", _Handler.create),
    (r"POST /api/validate-yaml", _Handler.validate),
    (rf"POST {API}/preupload/main", _Handler.preupload),
    (rf"POST {REPO}\.git/info/lfs/objects/batch", _Handler.batch),
    (r"PUT /blob/(?P<oid>\w+)", _Handler.put),
    (rf"POST {API}/commit/main", _Handler.commit),
    (rf"GET {API}", _Handler.info),
    (rf"GET {API}/revision/(?P<revision>[^/]+)", _Handler.info),
    (rf"GET {API}/tree/(?P<revision>[^/]+)(?:/(?P<under>.+))?", _Handler.tree),
    (rf"POST {API}/paths-info/(?P<revision>[^/]+)", _Handler.paths),
    (rf"(?:GET|HEAD) {REPO}/resolve/(?P<revision>[^/]+)/(?P<path>.+)", _Handler.resolve),
]
