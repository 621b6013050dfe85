"""psycopg2 plays the contract cases, its parameters written into the statements: psycopg_2.py CASES HOST PORT"""
import datetime
import decimal
import re
import sys
import uuid

import psycopg2
import psycopg2.extras
import psycopg2.pool

import cases

path, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
DSN = f"host={host} port={port} user=postgres dbname=postgres"
psycopg2.extras.register_uuid()


def connect(autocommit=True):
    connection = psycopg2.connect(DSN)
    connection.autocommit = autocommit
    return connection


def said(error):
    named = error.diag.constraint_name
    return f"{error.pgcode} {error.diag.message_primary or type(error).__name__}" + (f" [{named}]" if named else "")


def ask(connection, text, parameters=None):
    try:
        with connection.cursor() as cursor:
            if parameters is not None:
                text = re.sub(r"\$(\d+)", r"%(p\1)s", text.replace("%", "%%"))
                parameters = {f"p{i + 1}": one for i, one in enumerate(parameters)}
            cursor.execute(text, parameters)
            if not cursor.description:
                return cursor.statusmessage
            names = " ".join(f"{c.name}:{c.type_code}" for c in cursor.description)
            rows = [tuple(bytes(one) if isinstance(one, memoryview) else one for one in row) for row in cursor.fetchall()]
            return f"({names}) {rows!r}"
    except psycopg2.Error as error:
        return said(error)


for name, steps in cases.read(path):
    a, b = connect(), connect()
    cases.report(name, [ask(b if which == "b" else a, text, parameters) for which, text, parameters in steps])
    a.close()
    b.close()


def case(body):
    try:
        result = body()
    except psycopg2.Error as error:
        result = said(error)
    cases.report(body.__name__.replace("_", " "), [result])


@case
def native_values_there_and_back():
    values = [1, 2**40, 1.25, decimal.Decimal("1.50"), True, "it's", psycopg2.Binary(b"\x00\\'"), datetime.date(1999, 12, 31),
              datetime.datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=datetime.timezone.utc), datetime.time(1, 2),
              datetime.timedelta(3, 4, 5), uuid.UUID(int=7), [1, 2], ["a", "b'"], psycopg2.extras.Json({"k": [1, None]}), None]
    connection = connect()
    return [ask(connection, "SELECT $1", [value]) for value in values]


@case
def transactions_as_it_opens_them():
    connection, other = connect(autocommit=False), connect()
    ask(other, "DROP TABLE IF EXISTS opened")
    ask(other, "CREATE TABLE opened (n int PRIMARY KEY)")
    ask(connection, "INSERT INTO opened VALUES (1)")
    seen = [connection.status, ask(other, "SELECT count(*) FROM opened")]
    connection.commit()
    seen += [ask(other, "SELECT count(*) FROM opened"), ask(connection, "INSERT INTO opened VALUES (1)"),
             ask(connection, "SELECT 1"), connection.get_transaction_status()]
    connection.rollback()
    connection.set_session(isolation_level="SERIALIZABLE", readonly=True)
    return seen + [ask(connection, "SHOW transaction_isolation"), ask(connection, "INSERT INTO opened VALUES (2)")]


@case
def a_pool():
    pool = psycopg2.pool.ThreadedConnectionPool(2, 20, DSN)
    held = [pool.getconn() for _ in range(20)]
    found = [ask(connection, "SELECT count(*) > 0 FROM pg_type") for connection in held]
    for connection in held:
        pool.putconn(connection)
    pool.closeall()
    return sorted(set(found)), len(found)


@case
def many_values():
    connection = connect()
    ask(connection, "DROP TABLE IF EXISTS manyvalues")
    ask(connection, "CREATE TABLE manyvalues (n int, t text)")
    with connection.cursor() as cursor:
        psycopg2.extras.execute_values(cursor, "INSERT INTO manyvalues (n, t) VALUES %s", [(i, "x") for i in range(200)])
        count = cursor.rowcount
    return count, ask(connection, "SELECT sum(n) FROM manyvalues")


@case
def cursors_on_the_server():
    connection = connect(autocommit=False)
    with connection.cursor("big") as cursor:
        cursor.itersize = 6
        cursor.execute("SELECT n FROM generate_series(1, 20) AS n")
        return sum(row[0] for row in cursor)
