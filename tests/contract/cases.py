"""The lists of contract cases, as every Python client reads them."""
import json


def read(path):
    """Yields (name, [(connection, text, parameters)]) of a .cases file."""
    name, steps = None, []
    for line in open(path):
        line = line.rstrip("\n")
        if line.startswith("== "):
            if name:
                yield name, steps
            name, steps = line[3:], []
        elif line and not line.startswith("#"):
            which = "a"
            if line.startswith("b> "):
                which, line = "b", line[3:]
            text, _, parameters = line.partition(" ~ ")
            steps.append((which, text, json.loads(parameters) if parameters else None))
    yield name, steps


def words(text):
    """Splits at blanks; "..." keeps them together."""
    parts = text.split('"')
    found = []
    for i, part in enumerate(parts):
        found += [part] if i % 2 else part.split()
    return found


def report(name, results):
    print(name + "\t" + " ; ".join(str(one) for one in results).replace("\n", "\\n"), flush=True)
