"""A market stall of a few lines: stall.py ADDRESS PORT FILE BEHAVIOUR[,BEHAVIOUR…]

Sessions are cookies, whose names carry the user; purchases are lines of FILE, shared by the hosts. Each behaviour is
something that services do; without one it behaves.
"""
import http.server, json, os, signal, sys, threading, time

address, port, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
behaviours = set(sys.argv[4].split(",")) if len(sys.argv) > 4 else set()
lock, draining, revoked, started = threading.Lock(), threading.Event(), set(), time.time_ns()
issued = {}  # the session of each user


def does(what):
    return what in behaviours


def rows(late=0.0):
    with lock, open(path, "a+") as file:
        file.seek(0)
        found = [json.loads(line) for line in file]
    return [row for row in found if row["at"] + late <= time.time()]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body, headers=()):
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def user(self):
        for cookie in self.headers.get("Cookie", "").split("; "):
            name, _, value = cookie.partition("=")
            is_known = not does("forgets") or int(value.partition(".")[2] or 0) >= started
            if name == "sid" and value not in revoked and is_known:
                return value.partition(".")[0]
        return None

    def session(self, user, more=""):
        sid = f"{user}.{time.time_ns()}"
        if does("one-session") and user:
            revoked.add(issued.get(user))
            issued[user] = sid
        if does("of-another-domain"):
            more += "; Domain=shop.example"
        return [("Set-Cookie", f"sid={sid}; Path=/; Secure; HttpOnly{more}")]

    def do_GET(self):
        if self.path == "/ready":
            unready = does("unready") or (draining.is_set() and does("drains"))
            return self.reply(503 if unready else 200, {})
        user = self.user()
        if does("drops-cookies") and user:
            return self.reply(200, {"user": user, "items": []}, self.session("", "; Max-Age=0"))
        if not user:
            return self.reply(*((200, None) if does("empty-for-nobody") else (401, {})))
        renewed = self.session(user, "; Max-Age=1" if does("short-lived") else "") if does("renews") else ()
        if self.path == "/me":
            return self.reply(200, {"user": user}, renewed)
        shown = "bought" if does("other-shape") else "items"
        amount = (lambda n: f"{n}.00") if does("decimals") else int
        mine = [{"id": r["id"], "amount": amount(r["amount"])} for r in rows(0.3 if does("late") else 0) if r["user"] == user]
        self.reply(200, {shown: mine}, renewed)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        user = self.user()
        if self.path == "/logout":
            if not does("remembers"):
                revoked.update(c.partition("=")[2] for c in self.headers.get("Cookie", "").split("; "))
            return self.reply(200, {}, self.session("", "; Max-Age=0"))
        if self.path == "/login":
            if does("keeps-session") and user == body["user"]:
                return self.reply(200, {})
            return self.reply(200, {}, self.session(body["user"], "; Max-Age=1" if does("short-lived") else ""))
        if not user:
            return self.reply(*((200, None) if does("empty-for-nobody") else (401, {})))
        if not any(row["id"] == body["id"] for row in rows()):
            with lock, open(path, "a") as file:
                file.write(json.dumps({"user": user, "id": body["id"], "amount": body["amount"], "at": time.time()}) + "\n")
        self.reply(201, {}, self.session(user, "; Max-Age=1" if does("short-lived") else "") if does("renews") else ())


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def end(*_):
    def later():
        draining.set()
        if does("drains"):
            time.sleep(0.4)
        server.socket.close()
        time.sleep(0.25)
        os._exit(0)

    threading.Thread(target=later).start()


def die():
    time.sleep(1.2)
    os._exit(137)


if does("exits"):
    print("no database at all", flush=True)
    sys.exit(3)
if does("drains") or does("closes"):
    signal.signal(signal.SIGTERM, end)
if does("dies-soon"):
    threading.Thread(target=die, daemon=True).start()
if does("dies-at-2") and address.endswith(".2"):
    threading.Thread(target=die, daemon=True).start()
server = Server((address, port), Handler)
server.serve_forever()
