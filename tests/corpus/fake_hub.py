"""A Hub of one machine: keeps what is uploaded and serves it, for the calls that a corpus takes."""

import base64
import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "1" * 40


class FakeHub:
    """A server at ``endpoint``; ``repos`` maps an id to its files' contents by path."""

    def __init__(self):
        self.repos: dict[str, dict[str, bytes]] = {}
        self.private: dict[str, bool] = {}
        self.blobs: dict[str, bytes] = {}
        self.calls: list[str] = []
        handler = type("Handler", (_Handler,), {"hub": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def _send(self, body=b"", status=200, headers=None):
        if not isinstance(body, bytes):
            body, headers = json.dumps(body).encode(), {"Content-Type": "application/json"}
        self.send_response(status)
        for name, value in {"Content-Length": len(body), **(headers or {})}.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

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
        self.hub.calls.append(f"{self.command} {path}")
        body = self._body()
        for pattern, answer in ROUTES:
            if found := re.fullmatch(pattern, f"{self.command} {path}"):
                return answer(self, body, parse_qs(url.query), **found.groupdict())
        return self._send({"error": "not found"}, 404)

    do_GET = do_POST = do_PUT = do_HEAD = _answer  # noqa: N815

    def create(self, body, query):
        asked = json.loads(body)
        repo = f"{asked.get('organization') or 'user'}/{asked['name']}"
        self.hub.repos.setdefault(repo, {})
        self.hub.private.setdefault(
            repo, asked.get("visibility") == "private" or asked.get("private")
        )
        self._send({"url": f"{self.hub.endpoint}/datasets/{repo}", "name": repo, "id": repo})

    def validate(self, body, query):
        self._send({"errors": [], "warnings": []})

    def preupload(self, body, query, repo):
        files = json.loads(body)["files"]
        mode = {True: "lfs", False: "regular"}
        answer = [
            {
                "path": file["path"],
                "uploadMode": mode[file["path"].endswith(".parquet")],
                "shouldIgnore": False,
            }
            for file in files
        ]
        self._send({"files": answer})

    def batch(self, body, query, repo):
        objects = [
            {
                "oid": one["oid"],
                "size": one["size"],
                "actions": {"upload": {"href": f"{self.hub.endpoint}/blob/{one['oid']}"}},
            }
            for one in json.loads(body)["objects"]
        ]
        self._send({"transfer": "basic", "objects": objects})

    def put(self, body, query, oid):
        assert hashlib.sha256(body).hexdigest() == oid
        self.hub.blobs[oid] = body
        self._send()

    def commit(self, body, query, repo):
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
        url = f"{self.hub.endpoint}/datasets/{repo}/commit/{COMMIT}"
        self._send({"success": True, "commitUrl": url, "commitOid": COMMIT})

    def info(self, body, query, repo, revision="main"):
        files = [{"rfilename": path} for path in sorted(self.hub.repos.get(repo, ()))]
        self._send({"id": repo, "sha": COMMIT, "private": False, "siblings": files, "tags": []})

    def tree(self, body, query, repo, revision, under=""):
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
                oid = hashlib.sha1(content).hexdigest()
                found[path] = {"type": "file", "oid": oid, "size": len(content), "path": path}
        if not found and under:
            return self._send({"error": "no entry"}, 404, {"X-Error-Code": "EntryNotFound"})
        return self._send([found[path] for path in sorted(found)])

    def paths(self, body, query, repo, revision):
        asked = parse_qs(body.decode()) if b"=" in body[:20] else json.loads(body)
        files = self.hub.repos[repo]
        found = []
        for path in asked["paths"]:
            if path in files:
                oid = hashlib.sha1(files[path]).hexdigest()
                found.append({"type": "file", "oid": oid, "size": len(files[path]), "path": path})
            elif any(name.startswith(path + "/") for name in files):
                found.append({"type": "directory", "oid": COMMIT, "size": 0, "path": path})
        self._send(found)

    def resolve(self, body, query, repo, revision, path):
        content = self.hub.repos[repo].get(path)
        if content is None:
            return self._send(b"", 404, {"X-Error-Code": "EntryNotFound"})
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


API = r"/api/datasets/(?P<repo>[^/]+/[^/]+)"
ROUTES = [
    (r"POST /api/repos/create", _Handler.create),
    (r"POST /api/validate-yaml", _Handler.validate),
    (rf"POST {API}/preupload/main", _Handler.preupload),
    (r"POST /datasets/(?P<repo>[^/]+/[^/]+)\.git/info/lfs/objects/batch", _Handler.batch),
    (r"PUT /blob/(?P<oid>\w+)", _Handler.put),
    (rf"POST {API}/commit/main", _Handler.commit),
    (rf"GET {API}", _Handler.info),
    (rf"GET {API}/revision/(?P<revision>[^/]+)", _Handler.info),
    (rf"GET {API}/tree/(?P<revision>[^/]+)(?:/(?P<under>.+))?", _Handler.tree),
    (rf"POST {API}/paths-info/(?P<revision>[^/]+)", _Handler.paths),
    (
        r"(?:GET|HEAD) /datasets/(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)",
        _Handler.resolve,
    ),
]
