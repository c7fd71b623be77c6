"""What a handler does not have. Each trial has a Python of its own, which the surroundings are taken from."""

import subprocess
import sys
import unittest

PRELUDE = """
import wit_world.imports.log
wit_world.imports.log.write = lambda level, line: real_stderr.write(f"{level.name}: {line}\\n")
import sys
real_stderr = sys.stderr
from synapsor_handler import surroundings
surroundings.hold_clock_and_randomness()
"""


def run(before: str, after: str) -> str:
    """What a module and then a call write, or the last line of the exception."""
    program = f"{PRELUDE}\n{before}\nsurroundings.seal()\n{after}\nsurroundings.end_lines()\n"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    return done.stderr.strip().splitlines()[-1] if done.stderr else ""


class AHandlerHasNo(unittest.TestCase):
    def refuses(self, words: str, before: str, *trials: str) -> None:
        for trial in trials:
            with self.subTest(trial):
                self.assertIn(words, run(before, trial))

    def test_clock(self) -> None:
        self.refuses(
            "there is no clock in a handler: use `call.now`",
            "import time, datetime; from datetime import datetime as dt; from time import monotonic",
            "time.time()", "monotonic()", "time.sleep(1)", "time.gmtime()", "time.strftime('%Y')", "dt.now()",
            "datetime.datetime.utcnow()", "datetime.date.today()", "datetime.datetime.today()",
        )

    def test_clock_while_it_is_loaded(self) -> None:
        self.assertIn("there is no clock", run("import time\nSTARTED = time.time()", ""))

    def test_randomness(self) -> None:
        self.refuses(
            "there is no randomness in a handler",
            "import os, random, uuid, secrets; from random import choice",
            "random.random()", "choice([1])", "random.Random()", "random.SystemRandom().random()", "os.urandom(8)",
            "uuid.uuid4()", "secrets.token_hex()",
        )

    def test_files(self) -> None:
        self.refuses(
            "there are no files in a handler", "import os, io, pathlib",
            "open('x')", "io.open('x')", "os.listdir()", "os.stat('x')", "pathlib.Path('x').read_text()", "os.getcwd()",
        )

    def test_threads_processes_and_network(self) -> None:
        self.refuses("there are no threads", "import threading, subprocess", "threading.Thread(target=print).start()", "subprocess.run(['x'])")
        self.refuses("there is no network", "import socket", "socket.socket()", "socket.create_connection(('x', 1))")

    def test_import_during_a_call(self) -> None:
        self.refuses("import `colorsys` at the top of the handler's file", "", "import colorsys", "__import__('colorsys')")


class AHandlerHas(unittest.TestCase):
    def shows(self, expected: str, before: str, after: str) -> None:
        self.assertEqual(run(before, f"{after}"), expected)

    def test_print_into_the_log(self) -> None:
        self.shows("INFO: plan plus", "", "print('plan', end=' '); print('plus')")
        self.shows("INFO: no end of line", "", "print('no end of line', end='')")
        self.shows("WARN: odd", "", "print('odd', file=sys.stderr)")

    def test_dates_that_are_given(self) -> None:
        imports = "import datetime; from datetime import date; import time"
        self.shows("INFO: 2026-03-01 True True False", imports, """
day = date(2026, 2, 28) + datetime.timedelta(1)
moment = datetime.datetime.strptime("2026-03-01 10:00", "%Y-%m-%d %H:%M")
print(moment.date(), isinstance(moment, date), isinstance(day, datetime.date), isinstance(day, datetime.datetime))
""")
        self.shows("INFO: 1970 1970", imports, "print(time.gmtime(0).tm_year, time.strftime('%Y', time.gmtime(0)))")

    def test_a_sequence_from_its_own_seed(self) -> None:
        self.shows("INFO: True", "import random", "print(random.Random(7).random() == random.Random(7).random())")

    def test_files_while_it_is_loaded(self) -> None:
        self.shows("INFO: True", "import os\nTABLE = open(os.devnull).read()", "print(TABLE == '')")
