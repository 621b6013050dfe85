"""A service from outside: sessions and purchases over HTTP, in a few lines of Python.

    notebook.py ADDRESS PORT REDIS|memory FILE

Sessions live in redis, or in memory, which is a defect; purchases are appended to a file.
"""
import http.server, json, os, secrets, socket, sys, threading

address, port, store, path = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
memory, lock = {}, threading.Lock()


def redis(*words):
    host, number = store.split(":")
    with socket.create_connection((host, int(number)), timeout=2) as connection:
        connection.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w.encode()) for w in words))
        line = connection.makefile("rb")
        head = line.readline()
        return line.read(int(head[1:])).decode() if head[:1] == b"$" and head != b"$-1\r\n" else None


def remember(token, user):
    memory.__setitem__(token, user) if store == "memory" else redis("SET", token, user)


def whose(token):
    return memory.get(token) if store == "memory" else redis("GET", token)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def user(self):
        return whose(self.headers.get("X-Token", "-"))

    def do_GET(self):
        if self.path == "/ready":
            return self.reply(200, {})
        user = self.user()
        if not user:
            return self.reply(401, {})
        if self.path == "/me":
            return self.reply(200, {"user": user})
        with open(path, "a+") as file:
            file.seek(0)
            rows = [json.loads(line) for line in file]
        mine = [r for r in rows if r["user"] == user]
        if self.path.startswith("/pages/"):
            page, size = int(self.path[7:]), 3
            more = f"/pages/{page + 1}" if page * size < len(mine) else None
            return self.reply(200, {"items": mine[(page - 1) * size : page * size], "next": more})
        self.reply(200, mine)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if self.path == "/login":
            token = secrets.token_hex(8)
            remember(token, body["user"])
            return self.reply(200, {"token": token})
        user = self.user()
        if not user:
            return self.reply(401, {})
        with lock, open(path, "a+") as file:
            file.seek(0)
            if not any(json.loads(line)["id"] == body["id"] for line in file):
                file.write(json.dumps({"user": user, "id": body["id"], "amount": body["amount"]}) + "\n")
        self.reply(201, {})


class Server(http.server.ThreadingHTTPServer):
    allow_reuse_address = True
    daemon_threads = True


Server((address, port), Handler).serve_forever()
