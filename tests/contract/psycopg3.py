"""psycopg (version 3) plays the contract cases: psycopg3.py CASES HOST PORT"""
import datetime
import decimal
import re
import sys
import threading
import uuid

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

import cases

path, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
DSN = f"host={host} port={port} user=postgres dbname=postgres"


def connect(more="", **options):
    return psycopg.connect(DSN + " " + more, autocommit=True, **options)


def said(error):
    named = error.diag.constraint_name
    return f"{error.sqlstate} {error.diag.message_primary or type(error).__name__}" + (f" [{named}]" if named else "")


def shown(cursor):
    if not cursor.description:
        return cursor.statusmessage
    columns = " ".join(f"{c.name}:{c.type_code}" for c in cursor.description)
    return f"({columns}) {cursor.fetchall()!r} {cursor.statusmessage}"


def ask(connection, text, parameters):
    try:
        if parameters is None:
            return shown(connection.execute(text))
        text = re.sub(r"\$(\d+)", r"%(p\1)s", text.replace("%", "%%"))
        return shown(connection.execute(text, {f"p{i + 1}": one for i, one in enumerate(parameters)}))
    except psycopg.Error as error:
        return said(error)


for name, steps in cases.read(path):
    with connect() as a, connect() as b:
        cases.report(name, [ask(b if which == "b" else a, text, parameters) for which, text, parameters in steps])


def case(body):
    try:
        result = body()
    except psycopg.Error as error:
        result = said(error)
    cases.report(body.__name__.replace("_", " "), [result])


@case
def connecting():
    with connect("sslmode=prefer password=secret application_name=contract connect_timeout=5") as connection:
        info = connection.info
        return (info.server_version // 10000, info.encoding, info.parameter_status("TimeZone"),
                info.parameter_status("integer_datetimes"), connection.execute("SHOW application_name").fetchall())


@case
def encryption_that_is_required():
    try:
        connect("sslmode=require")
    except psycopg.OperationalError as error:
        return str(error).split(":")[-1]


@case
def native_values_there_and_back():
    values = [-32768, 2**31, 2**63 - 1, 1.25, decimal.Decimal("-12345.6789"), decimal.Decimal("0.00010"), True, "ünï",
              b"\x00\xff", datetime.date(1999, 12, 31),
              datetime.datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=datetime.timezone.utc),
              datetime.datetime(1969, 12, 31, 23, 59, 59, 999999), datetime.time(1, 2, 3), datetime.timedelta(3, 4, 5),
              uuid.UUID(int=7), [1, None, 3], ["a", None, 'q"\\'], [decimal.Decimal("1.50")], Jsonb({"k": [1, None]})]
    found = []
    with connect() as connection:
        for binary in (False, True):
            for value in values:
                place = "%b" if binary and not isinstance(value, Jsonb) else "%s"
                try:
                    row = connection.cursor(binary=binary).execute(f"SELECT {place}", [value]).fetchone()
                    found.append(repr(row[0]))
                except psycopg.Error as error:
                    found.append(said(error))
    return found


@case
def prepared_by_itself():
    with connect(prepare_threshold=1) as connection:
        connection.execute("DROP TABLE IF EXISTS prep")
        connection.execute("CREATE TABLE prep (id int, t text)")
        for i in range(5):
            connection.execute("INSERT INTO prep VALUES (%s, %s)", [i, str(i)])
        connection.execute("ALTER TABLE prep ADD COLUMN more int DEFAULT 4")
        return [connection.execute("SELECT * FROM prep WHERE id > %s ORDER BY id", [2], prepare=True).fetchall()
                for _ in range(3)]


@case
def transactions_as_blocks():
    with connect() as connection:
        connection.execute("DROP TABLE IF EXISTS blocks")
        connection.execute("CREATE TABLE blocks (n int PRIMARY KEY)")
        with connection.transaction():
            connection.execute("INSERT INTO blocks VALUES (1)")
            try:
                with connection.transaction():
                    connection.execute("INSERT INTO blocks VALUES (1)")
            except psycopg.errors.UniqueViolation:
                connection.execute("INSERT INTO blocks VALUES (2)")
        return connection.execute("SELECT n FROM blocks ORDER BY n").fetchall(), connection.info.transaction_status.name


@case
def cursors_on_the_server():
    with psycopg.connect(DSN) as connection:
        with connection.cursor(name="big") as cursor:
            cursor.itersize = 7
            cursor.execute("SELECT n, n * 2 AS twice FROM generate_series(1, %s) AS n", [20])
            return sum(row[1] for row in cursor), cursor.description[1].name


@case
def pipelines():
    with connect() as connection:
        connection.execute("DROP TABLE IF EXISTS piped")
        connection.execute("CREATE TABLE piped (n int PRIMARY KEY)")
        with connection.pipeline():
            cursors = [connection.execute("INSERT INTO piped VALUES (%s) RETURNING n", [i]) for i in range(50)]
        found = sum(cursor.fetchone()[0] for cursor in cursors)
        try:
            with connection.pipeline():
                connection.execute("INSERT INTO piped VALUES (100)")
                connection.execute("INSERT INTO piped VALUES (1)")
        except psycopg.Error as error:
            failed = said(error)
        return found, failed, connection.execute("SELECT count(*) FROM piped").fetchall()


@case
def many_at_once():
    with connect() as connection:
        connection.execute("DROP TABLE IF EXISTS manyrows")
        connection.execute("CREATE TABLE manyrows (n int, t text)")
        with connection.cursor(row_factory=dict_row) as cursor:
            cursor.executemany("INSERT INTO manyrows VALUES (%s, %s)", [(i, "x") for i in range(10)])
            return cursor.rowcount, cursor.execute("SELECT max(n) AS n FROM manyrows").fetchone()


@case
def connections_beside_each_other():
    with connect() as first:
        first.execute("DROP TABLE IF EXISTS counter")
        first.execute("CREATE TABLE counter (n int)")
        first.execute("INSERT INTO counter VALUES (0)")

        def work():
            with connect() as connection:
                for _ in range(10):
                    connection.execute("UPDATE counter SET n = n + 1")

        threads = [threading.Thread(target=work) for _ in range(8)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        return first.execute("SELECT n FROM counter").fetchone()


@case
def cancelling():
    with connect() as connection:
        timer = threading.Timer(0.05, connection.cancel)
        timer.start()
        try:
            connection.execute("SELECT pg_sleep(10)")
        except psycopg.errors.QueryCanceled as error:
            return said(error), connection.execute("SELECT 1").fetchall()
        finally:
            timer.join()


@case
def a_connection_that_the_server_ends():
    with connect() as killer:
        victim = connect()
        killer.execute("SELECT pg_terminate_backend(%s)", [victim.info.backend_pid])
        try:
            victim.execute("SELECT 1")
        except psycopg.OperationalError as error:
            return error.sqlstate, victim.broken


@case
def copying():
    with connect() as connection:
        connection.execute("DROP TABLE IF EXISTS copied")
        connection.execute("CREATE TABLE copied (n int)")
        with connection.cursor().copy("COPY copied FROM STDIN") as copy:
            copy.write_row((1,))
        return connection.execute("SELECT n FROM copied").fetchall()


@case
def databases():
    with connect() as connection:
        try:
            psycopg.connect(DSN.replace("dbname=postgres", "dbname=nowhere")).close()
            return "connected"
        except psycopg.OperationalError as error:
            return str(error).split("FATAL:")[-1]
