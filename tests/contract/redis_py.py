"""redis-py plays the contract cases: redis_py.py CASES HOST PORT"""
import sys

import redis

import cases

path, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
UNORDERED = {"SMEMBERS", "SINTER", "SUNION", "SDIFF", "KEYS"}


def connect(**options):
    return redis.Redis(host=host, port=port, single_connection_client=True, decode_responses=True, **options)


def shown(words, reply):
    if words[0] in UNORDERED:
        return sorted(reply)
    if words[0] in ("SCAN", "SSCAN"):
        return reply[0], sorted(reply[1])
    return repr(reply)


def ask(client, words):
    try:
        return shown(words, client.execute_command(*words))
    except redis.RedisError as error:
        return f"{type(error).__name__}: {error}"


def raw_exec(client):
    """redis-py parses no EXEC of its own hand: read it as it is."""
    client.connection.send_command("EXEC")
    try:
        return [str(one) for one in client.connection.read_response() or ["nil"]]
    except redis.RedisError as error:
        return f"{type(error).__name__}: {error}"


for name, steps in cases.read(path):
    clients = {"a": connect(), "b": connect()}
    clients["a"].flushall()
    cases.report(name, [raw_exec(clients[which]) if text == "EXEC" else ask(clients[which], cases.words(text))
                        for which, text, _ in steps])
    for client in clients.values():
        client.close()


def case(body):
    connect().flushall()
    try:
        result = body()
    except redis.RedisError as error:
        result = f"{type(error).__name__}: {error}"
    cases.report(body.__name__.replace("_", " "), [result])


@case
def pipelines():
    with connect().pipeline(transaction=False) as pipe:
        pipe.set("a", 1).incr("a").hset("h", mapping={"x": 1, "y": 2}).hgetall("h").get("nothing").lpush("a", 1)
        return [str(one) for one in pipe.execute(raise_on_error=False)]


@case
def transactions_by_pipeline():
    client, other = connect(), connect()

    def move(pipe):
        value = int(pipe.get("n") or 0)
        if value == 0:
            other.set("n", 5)  # somebody else is quicker, once
        pipe.multi()
        pipe.set("n", value + 1)

    return client.transaction(move, "n"), client.get("n")


@case
def a_pool_of_connections():
    pool = redis.ConnectionPool(host=host, port=port, db=2, client_name="pooled", health_check_interval=1)
    held = [pool.get_connection("PING") for _ in range(20)]
    for connection in held:
        connection.send_command("INCR", "n")
    answers = [connection.read_response() for connection in held]
    for connection in held:
        pool.release(connection)
    client = redis.Redis(connection_pool=pool)
    return sorted(answers), client.get("n"), client.client_getname()  # each connection has its own turn


@case
def a_user_and_a_password():
    return redis.Redis(host=host, port=port, username="default", password="any").ping()


@case
def a_password_that_is_not_wanted():
    return redis.Redis(host=host, port=port, password="any").ping()


@case
def time_left_in_milliseconds():
    client = connect()
    client.set("k", "v", px=60000)
    return 50000 < client.pttl("k") <= 60000, client.expiretime("k") > 1000000000


@case
def binary_values():
    client = redis.Redis(host=host, port=port)
    value = bytes(range(256))
    client.set(b"\x00\xff", value)
    return client.get(b"\x00\xff") == value, client.strlen(b"\x00\xff")


@case
def iterators():
    client = connect()
    client.mset({f"k:{i}": i for i in range(300)})
    client.hset("h", mapping={str(i): i for i in range(300)})
    client.zadd("z", {str(i): i for i in range(300)})
    client.sadd("s", *range(300))
    return (len(set(client.scan_iter("k:*"))), len(dict(client.hscan_iter("h"))), len(dict(client.zscan_iter("z"))),
            len(set(client.sscan_iter("s"))))


@case
def subscribing():
    subscriber = connect().pubsub()
    subscriber.subscribe("channel")
    return subscriber.get_message(timeout=2)


@case
def closing_and_asking_again():
    client = connect()
    client.set("k", "v")
    client.execute_command("QUIT")
    return client.get("k")
