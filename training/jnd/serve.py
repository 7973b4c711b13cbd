r"""Serve the just-noticeable-difference test to browsers, and collect the answers.

    python -m training jnd serve --real data/test --generated mine=results/mine --generated theirs=results/theirs \
        --output studies/first

and open the printed address. Each rater gives a name, and goes on under it after an interruption. Answers are in
answers.csv of the study's folder. The server is meant for a few raters in one network: it has no passwords, and only
this machine reaches it unless --host says otherwise.
"""

from __future__ import annotations

import argparse
import json
import mimetypes
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from training.jnd.answers import AnswerFile
from training.jnd.folder import NAME, add_study_arguments, study_of
from training.jnd.site import page, shown_trial
from training.jnd.study import Study

__all__ = ["add_arguments", "make_server", "run"]

LONGEST_BODY = 4096  # bytes of an answer
LONGEST_SILENCE = 60.0  # seconds that a browser may keep a connection waiting


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `jnd serve`."""
    add_study_arguments(parser)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=8770, metavar="N", help="0 for any that is free (%(default)s)")


def run(options: argparse.Namespace) -> int:
    """Run `jnd serve`, until it is interrupted."""
    if not 0 <= options.port <= 65535:
        raise ValueError(f"--port must be from 0 to 65535. Received: {options.port}.")
    study = study_of(options)
    with make_server(study, AnswerFile(options.output), options.host, options.port) as server:
        host, port = server.server_address[:2]
        print(f"http://{host}:{port}/ serves {len(study.trials('1'))} trials a rater; Ctrl-C ends it.", flush=True)
        server.serve_forever()
    return 0


def make_server(study: Study, answers: AnswerFile, host: str = "127.0.0.1", port: int = 0) -> ThreadingHTTPServer:
    """A server of the study; the caller runs and closes it.

    Raises:
        OSError: the address is taken or none of this machine.
    """

    class Handler(_Handler):
        pass

    Handler.study, Handler.answers = study, answers
    return ThreadingHTTPServer((host, port), Handler)


class _Handler(BaseHTTPRequestHandler):
    """Answers: the page at /, a rater's trials at /trials?rater=NAME, pictures at /pictures/TOKEN; takes /answers."""

    study: Study
    answers: AnswerFile
    timeout = LONGEST_SILENCE

    def do_GET(self) -> None:
        try:
            address = urlsplit(self.path)
        except ValueError as error:
            self._refuse(f"An address is expected. Received: {error}.")
            return
        path, query = address.path, parse_qs(address.query)
        token = path.removeprefix("/pictures/")
        if path == "/":
            self._send(page().encode(), "text/html; charset=utf-8")
        elif path == "/trials":
            self._send_trials(query.get("rater", [""])[0])
        elif token in self.study.files:
            file = self.study.files[token]
            self._send(file.read_bytes(), mimetypes.guess_type(file.name)[0] or "application/octet-stream")
        else:
            self._refuse("There is no such page.", HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        try:
            length = int(self.headers.get("Content-Length", 0))
            if self.path != "/answers" or not 0 < length <= LONGEST_BODY:
                raise ValueError("an answer")
            self._add(json.loads(self.rfile.read(length)))
        except (ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError) as error:
            self._refuse(f"An answer of a trial is expected. Received: {error}.")
            return
        self._send(b"", "text/plain")

    def _send_trials(self, rater: str) -> None:
        if not NAME.fullmatch(rater):
            self._refuse("A name of letters, digits and ._+- is expected.")
            return
        trials, paths = self.study.trials(rater), {token: f"pictures/{token}" for token in self.study.files}
        rest = [shown_trial(trial, paths) for trial in trials if not self.answers.is_answered(rater, trial.number)]
        content = {"milliseconds": self.study.settings.milliseconds, "total": len(trials), "trials": rest}
        self._send(json.dumps(content).encode(), "application/json")

    def _add(self, answer: dict) -> None:
        rater, number = answer["rater"], answer["trial"]
        called, milliseconds = (int(answer[name]) for name in ("called_real", "milliseconds"))
        if not isinstance(rater, str) or not NAME.fullmatch(rater) or called not in (0, 1) or milliseconds < 0:
            raise ValueError("another rater, choice or time")
        trials = {trial.number: trial for trial in self.study.trials(rater)}
        self.answers.add(rater, trials[number], called, milliseconds)

    def _send(self, content: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def _refuse(self, text: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        self._send(text.encode(), "text/plain; charset=utf-8", status)

    def log_message(self, format: str, *arguments: object) -> None:
        """Keep quiet: answers are on disk."""
