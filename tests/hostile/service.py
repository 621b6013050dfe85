"""A shop of a few lines that misbehaves in one way: service.py ADDRESS PORT MODE FILE STORE LEDGER CONFIG

Without a mode that it knows it behaves: sessions are names in tokens, purchases are lines of FILE. Everything is written to
raw sockets, so that a mode can say what no library lets one say.
"""
import json, os, re, signal, socket, subprocess, sys, threading, time

address, port, mode, path = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
store, ledger = sys.argv[5], sys.argv[6]
open(sys.argv[7]).read()
lock = threading.Lock()
bad_after = int(os.environ.get("BAD_AFTER", "0"))  # requests of its kind that are answered well first
seen = {}


def rows():
    with lock, open(path, "a+") as file:
        file.seek(0)
        return [json.loads(line) for line in file if line.endswith("\n")]


def reply(status, body, headers=(), kind="application/json"):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(data)}", f"Content-Type: {kind}", *headers]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + data


def forever(client, head, piece, pause=0.0):
    """Sends until the other side has had enough."""
    client.sendall(head)
    while True:
        client.sendall(piece)
        if pause:
            time.sleep(pause)


def shop(method, target, headers, body):
    if target == "/ready":
        return reply(200, {})
    if target == "/login":
        return reply(200, {"token": "token-of-" + body["user"]})
    user = re.sub("^token-of-", "", headers.get("x-token", ""))
    if not user:
        return reply(401, {})
    if target == "/me":
        return reply(200, {"user": user})
    if target.startswith("/bought"):
        return reply(200, {"items": [{"id": r["id"], "amount": r["amount"]} for r in rows() if r["user"] == user]})
    if not any(r["id"] == body["id"] for r in rows()):
        with lock, open(path, "a") as file:
            file.write(json.dumps({"user": user, "id": body["id"], "amount": body["amount"]}) + "\n")
    return reply(201, {})


CHUNKED = b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n"
MARKS = "\u202e\u0007\u009b31m\ufffe\uffff <b>&\"' "


# What a mode answers to a request; None: as the shop does. Each is about one kind of request.
def on_buy(client):
    if mode == "endless-extension":
        forever(client, CHUNKED + b"5;", b"x" * 65536)
    if mode == "endless-chunks":
        forever(client, CHUNKED, b"10000\r\n" + b"x" * 65536 + b"\r\n")
    if mode == "endless-trailer":
        forever(client, CHUNKED + b"0\r\n", b"X-T: " + b"x" * 1000 + b"\r\n")
    if mode == "endless-body":
        forever(client, b"HTTP/1.1 200 X\r\n\r\n", b"x" * 65536)
    if mode == "endless-head":
        forever(client, b"HTTP/1.1 200 X\r\n", b"X-H: " + b"x" * 1000 + b"\r\n")
    if mode == "endless-interim":
        forever(client, b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
    if mode == "trickle":
        forever(client, b"HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n", b"x", 0.05)
    if mode == "huge-length":
        return b"HTTP/1.1 201 X\r\nContent-Length: 1000000000000\r\n\r\nx"
    if mode == "negative-length":
        return b"HTTP/1.1 201 X\r\nContent-Length: -5\r\n\r\n"
    if mode == "two-lengths":
        return b"HTTP/1.1 201 X\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"
    if mode == "no-http":
        return b"\x00\x01\x02 this is not HTTP\r\n\r\n"
    if mode == "status-zero":
        return b"HTTP/1.1 000 X\r\nContent-Length: 0\r\n\r\n"
    if mode == "silence":
        time.sleep(3600)
    if mode == "hang-up":
        return b""
    if mode == "half":
        return b"HTTP/1.1 201 X\r\nContent-Length: 10\r\n\r\n{"
    if mode == "redirects":
        return reply(302, {}, ["Location: /buy"])
    if mode == "redirect-elsewhere":
        return reply(302, {}, ["Location: http://169.254.169.254/secret"])
    if mode == "html-error":
        return reply(500, ("<html>\n" + "<p>\n" * 2000 + "</html>").encode(), kind="text/html")
    if mode == "marks-error":
        return reply(500, (MARKS * 50).encode() + b"\xff\xfe\x9b\x00")
    return None


# What these modes add to replies that are as they should be.
MORE = {"many-cookies": b"".join(b"Set-Cookie: c%d=%s\r\n" % (i, b"x" * 50) for i in range(800)),
        "large-cookie": b"Set-Cookie: big=" + b"x" * 50000 + b"\r\n"}


def on_bought(client):
    if mode == "long-id":
        return reply(200, {"items": [{"id": "a" * 50000, "amount": 1}]})
    if mode == "many-entries":
        return reply(200, {"items": [{"id": f"x{i}", "amount": 1} for i in range(100000)]})
    if mode == "deep":
        return reply(200, b"[" * 100000 + b"]" * 100000)
    if mode == "surrogate":
        return reply(200, b'{"items":[{"id":"\\ud800","amount":1}]}')
    if mode == "marks-id":
        return reply(200, {"items": [{"id": MARKS, "amount": 1}]})
    if mode == "amount-beyond":
        return reply(200, b'{"items":[{"id":"x","amount":1e400}]}')
    if mode == "amount-nan":
        return reply(200, b'{"items":[{"id":"x","amount":NaN}]}')
    if mode == "pages-without-end":
        return reply(200, {"items": [], "next": "/bought?" + str(time.time())})
    if mode == "next-elsewhere":
        return reply(200, {"items": [], "next": "http://169.254.169.254/bought"})
    return None


def on_login(client):
    if mode == "token-with-line-end":
        return reply(200, {"token": "x\r\nX-Admin: yes\r\n\r\nDELETE /everything HTTP/1.1\r\n"})
    if mode == "token-with-nul":
        return reply(200, {"token": "a\0b"})
    if mode == "large-token":
        return reply(200, {"token": "x" * (1 << 20)})
    if mode == "long-token":
        return reply(200, {"token": "a=" * 6000})
    return None


def on_ready(client):
    if mode == "ready-endless":
        forever(client, CHUNKED + b"5;", b"x" * 65536)
    if mode == "ready-large":
        return reply(200, b"x" * (64 << 20))
    if mode == "ready-silent":
        time.sleep(3600)
    return None


KINDS = {"/buy": on_buy, "/login": on_login, "/ready": on_ready, "/bought": on_bought}


def serve(client):
    unread = b""
    try:
        while True:
            while b"\r\n\r\n" not in unread:
                more = client.recv(65536)
                if not more:
                    return
                unread += more
            head, unread = unread.split(b"\r\n\r\n", 1)
            first, *lines = head.decode("latin-1").split("\r\n")
            method, target = first.split(" ")[:2]
            if method == "DELETE":
                open(path + ".smuggled", "w").close()
            headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
            size = int(headers.get("content-length", 0))
            while len(unread) < size:
                unread += client.recv(65536)
            body, unread = unread[:size], unread[size:]
            kind = target.split("?")[0]
            seen[kind] = seen.get(kind, 0) + 1
            answer = None
            if seen[kind] > bad_after and kind in KINDS:
                answer = KINDS[kind](client)
            if answer == b"":
                return
            if answer is None:
                answer = shop(method, target, headers, json.loads(body) if body else {})
                if mode in MORE:
                    answer = answer.replace(b"\r\n\r\n", b"\r\n" + MORE[mode] + b"\r\n", 1)
                if mode == "two-replies":
                    answer += reply(500, {"error": "nobody asked"})
            client.sendall(answer)
    except OSError:
        pass
    finally:
        client.close()


def flood_log():
    if mode == "log-flood":
        for i in range(60):
            sys.stdout.write(("x" * 1000 + "\n") * 1000)
    if mode == "log-one-line":
        for i in range(60):
            sys.stdout.write("y" * 1000000)
    if mode == "log-marks":
        sys.stdout.buffer.write((MARKS + "\n").encode() * 100 + b"\xff\x9b31m\x1b[2J\n" * 100)
        sys.stdout.flush()
        os.write(1, b"password = hunter2hunter2\n")


def pester_dependencies():
    """Asks and never reads."""
    if mode in ("redis-unread", "redis-large"):
        host, number = store.split(":")
        client = socket.create_connection((host, int(number)))
        piece = b"*1\r\n$4\r\nPING\r\n" * 5000
        if mode == "redis-large":
            piece = b"*3\r\n$6\r\nAPPEND\r\n$1\r\nk\r\n$1000000\r\n" + b"x" * 1000000 + b"\r\n"
            client.settimeout(0.2)
        client.settimeout(20)
        while True:
            client.sendall(piece)
            if mode == "redis-large":
                client.recv(65536)
    if mode in ("postgres-endless", "postgres-unread"):
        import psycopg2

        host, number = ledger.split(":")
        connection = psycopg2.connect(host=host, port=number, user="shop", dbname="ledger")
        connection.autocommit = True
        while True:
            try:
                connection.cursor().execute("SELECT i FROM generate_series(1, 1000000000000) AS i")
            except psycopg2.Error as error:
                print("the store says", error.pgcode, flush=True)
                time.sleep(0.2)


def misbehave():
    if mode == "kills-its-shim":
        time.sleep(1)
        os.kill(os.getppid(), signal.SIGKILL)
    if mode == "kills-the-harness":
        time.sleep(1)
        with open(f"/proc/{os.getppid()}/stat") as stat:
            os.kill(int(stat.read().rsplit(")", 1)[1].split()[1]), signal.SIGKILL)
    if mode == "orphans":
        for _ in range(20):
            subprocess.Popen(["sh", "-c", "setsid sh -c 'trap \"\" TERM; sleep 600' & exit 0"])
    if mode == "many-connections":
        host, number = store.split(":")
        kept = []
        while True:
            try:
                kept.append(socket.create_connection((host, int(number)), timeout=1))
            except OSError:
                time.sleep(0.1)
    if mode == "dies":
        time.sleep(1)
        os.kill(os.getpid(), signal.SIGSEGV)


if mode == "ignores-stop":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if mode == "refuses":
    print("there is no database\x1b[31m \u202e", flush=True)
    sys.exit(7)
for work in (flood_log, pester_dependencies, misbehave):
    threading.Thread(target=work, daemon=True).start()
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind((address, port))
listener.listen(256)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
