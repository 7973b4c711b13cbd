"""The server, over HTTP and in a real browser; the static page in a real browser."""

from __future__ import annotations

import contextlib
import json
import queue
import re
import shutil
import socket
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from training.__main__ import main
from training.jnd import serve, site
from training.jnd.answers import AnswerFile, read_answers
from training.jnd.export import export_study
from training.jnd.serve import make_server

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
# Answers like a rater: the green picture is real. It looks at what is shown, by drawing it on a canvas, and does
# not wait: it notes for how long it should have. In the end it sends what the page looks like.
ROBOT = """
<script>
const seen = [], waited = new Set(), later = window.setTimeout;
window.setTimeout = (call, milliseconds) => { waited.add(milliseconds); later(call, 1); };
new MutationObserver(() => {
  if (!status.textContent.startsWith("Done") && !status.textContent.startsWith("This")) return;
  document.body.dataset.waited = [...waited].join(" ");
  later(() => fetch("MAILBOX", {method: "POST", mode: "no-cors", body: document.body.outerHTML}), 50);
}).observe(status, {childList: true});
const look = (image) => {
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const [red, green, blue] = context.getImageData(1, canvas.height - 2, 1, 1).data;
  return green > Math.max(red, blue) ? 1 : 0;
};
new MutationObserver(() => {
  const image = stage.querySelector("img");
  if (image) seen.push(look(image));
}).observe(stage, {childList: true});
new MutationObserver(() => {
  if (choice.hidden) return;
  const [first, second] = seen.splice(0);
  document.body.dataset.shown = Number(document.body.dataset.shown || 0) + 1;
  if (first > second) document.getElementById("first").click();
  else document.dispatchEvent(new KeyboardEvent("keydown", {key: "2"}));
}).observe(choice, {attributes: true});
form.requestSubmit();
</script>
</body>"""


@contextlib.contextmanager
def running(server):
    """The address of a server that runs for a while."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def address(study, tmp_path):
    """A running server, whose study's answers are in study/answers.csv."""
    with running(make_server(study, AnswerFile(tmp_path / "study"))) as address:
        yield address


def get(url):
    with urllib.request.urlopen(url) as response:
        return response.read()


def post(url, content):
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(content).encode())) as response:
        return response.status


@pytest.fixture
def mailbox(tmp_path):
    """A server of the folder `site` that keeps what is posted to it."""

    class Mailbox(SimpleHTTPRequestHandler):
        def do_POST(self):
            received.put(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    received = queue.Queue()
    (tmp_path / "site").mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Mailbox, directory=str(tmp_path / "site")))
    with running(server) as address:
        yield address, received


def browse(url, received, tmp_path):
    """Open the page; gives what it looked like when the robot was done."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"]
    command = [CHROMIUM, *options, f"--user-data-dir={tmp_path / 'profile'}", url]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as browser:
        try:
            return received.get(timeout=300)
        finally:
            browser.terminate()


def status_of(page):
    return re.search(r'<p id="status" role="status">(.*?)</p>', page, re.DOTALL)[1]


def test_over_http(address, study, tmp_path):
    assert b"Which picture is real?" in get(address + "/")
    plan = json.loads(get(address + "/trials?rater=ann"))
    trials = study.trials("ann")
    assert (plan["milliseconds"], plan["total"], len(plan["trials"])) == (60, len(trials), len(trials))
    assert plan["trials"][0].keys() == {"number", "pictures"}
    first = trials[0]
    expected = study.files[first.tokens[0]].read_bytes()
    assert get(f"{address}/{plan['trials'][0]['pictures'][0]}") == expected
    assert post(address + "/answers", {"rater": "ann", "trial": 0, "called_real": 1, "milliseconds": 7}) == 200
    (answer,) = read_answers(tmp_path / "study" / "answers.csv")
    assert (answer.called_real, answer.real, answer.model) == (1, first.real, first.comparison.model)
    assert len(json.loads(get(address + "/trials?rater=ann"))["trials"]) == len(trials) - 1


def test_raters_at_once(address, study, tmp_path):
    """Two raters, each in two windows: every row is whole and the rater's own, and what comes second does not count."""

    def rate(rater):
        for trial in json.loads(get(f"{address}/trials?rater={rater}"))["trials"]:
            answer = {"rater": rater, "trial": trial["number"], "called_real": 1, "milliseconds": len(rater)}
            assert post(address + "/answers", answer) == 200

    with ThreadPoolExecutor(4) as windows:
        list(windows.map(rate, ["ann", "robert", "ann", "robert"]))
    answers = read_answers(tmp_path / "study" / "answers.csv")
    for rater in ("ann", "robert"):
        own = sorted((answer for answer in answers if answer.rater == rater), key=lambda answer: answer.trial)
        trials = study.trials(rater)
        assert [answer.trial for answer in own] == [trial.number for trial in trials]
        assert [answer.real for answer in own] == [trial.real for trial in trials]
        assert {answer.milliseconds for answer in own} == {len(rater)}
    assert len(answers) == len(study.trials("ann")) + len(study.trials("robert"))


@pytest.mark.parametrize(
    "content",
    [
        {"rater": "ann", "trial": 99, "called_real": 1, "milliseconds": 7},
        {"rater": "ann", "trial": 0, "called_real": 2, "milliseconds": 7},
        {"rater": "../ann", "trial": 0, "called_real": 1, "milliseconds": 7},
        {"rater": ["ann"], "trial": 0, "called_real": 1, "milliseconds": 7},
        {"rater": "ann"},
        ["ann"],
    ],
)
def test_wrong_answers_are_refused(address, content, tmp_path):
    with pytest.raises(urllib.error.HTTPError, match="400") as caught:
        post(address + "/answers", content)
    assert b"An answer of a trial is expected. Received: " in caught.value.read()
    caught.value.close()
    assert read_answers(tmp_path / "study" / "answers.csv") == []


def exchange(address, request):
    """What the server answers to these bytes, until it closes the connection."""
    with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), timeout=60) as connection:
        connection.sendall(request)
        return b"".join(iter(partial(connection.recv, 4096), b""))


@pytest.mark.parametrize(
    "body", [b'{"rater": "ann", "trial": 0, "called_real": 1e999, "milliseconds": 7}', b"[" * 4000]
)
def test_answers_that_python_chokes_on_are_refused(address, body, capfd):
    request = b"POST /answers HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(body)
    answer = exchange(address, request + body)
    assert b" 400 " in answer.partition(b"\r\n")[0]
    assert b"An answer of a trial is expected. Received: " in answer
    assert capfd.readouterr().err == ""


def test_an_address_that_is_none_is_refused(address, capfd):
    assert b" 400 " in exchange(address, b"GET http://[ HTTP/1.0\r\n\r\n").partition(b"\r\n")[0]
    assert capfd.readouterr().err == ""


def test_a_body_that_never_comes_is_not_waited_for(address, monkeypatch, capfd):
    assert serve._Handler.timeout == serve.LONGEST_SILENCE
    monkeypatch.setattr(serve._Handler, "timeout", 0.2)
    assert exchange(address, b"POST /answers HTTP/1.0\r\nContent-Length: 9\r\n\r\n") == b""
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("port", ["-1", "99999"])
def test_a_port_that_is_none_is_refused(port, pictures, tmp_path, capsys):
    folders = ["--real", str(pictures / "real"), "--generated", f"mine={pictures / 'mine'}"]
    assert main(["jnd", "serve", *folders, "--output", str(tmp_path / "study"), "--port", port]) == 2
    assert f"--port must be from 0 to 65535. Received: {port}." in capsys.readouterr().err
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize(
    ("path", "code"), [("/pictures/../study.json", 404), ("/study.json", 404), ("/trials?rater=a/b", 400)]
)
def test_nothing_else_is_served(address, path, code):
    with pytest.raises(urllib.error.HTTPError, match=str(code)) as caught:
        get(address + path)
    caught.value.close()


@needs_browser
def test_a_rater_in_a_browser_who_was_interrupted(address, mailbox, study, tmp_path, monkeypatch):
    """The first trial was answered before; the robot sees the others, and is right in all of them."""
    post_box, received = mailbox
    monkeypatch.setattr(
        "training.jnd.serve.page", lambda: site.page().replace("</body>", ROBOT.replace("MAILBOX", post_box))
    )
    trials = study.trials("robot")
    wrong = 1 - trials[0].real
    post(address + "/answers", {"rater": "robot", "trial": 0, "called_real": wrong, "milliseconds": 7})
    page = browse(f"{address}/?rater=robot", received, tmp_path)
    assert status_of(page) == "Done. Thank you! "
    assert f'data-shown="{len(trials) - 1}"' in page
    assert 'data-waited="500 60"' in page
    answers = read_answers(tmp_path / "study" / "answers.csv")
    assert [answer.trial for answer in answers] == [trial.number for trial in trials]
    by_model = {
        model: [answer.fooled for answer in answers[1:] if answer.model == model] for model in ("mine", "theirs")
    }
    assert all(not any(fooled) for fooled in by_model.values())


@needs_browser
def test_the_static_page_in_a_browser(mailbox, study, tmp_path):
    """Without a server of ours: the answers are in the link at the end."""
    post_box, received = mailbox
    export_study(study, ["1", "2"], tmp_path)
    index = tmp_path / "site" / "index.html"
    robot = ROBOT.replace("MAILBOX", post_box)
    index.write_text(index.read_text(encoding="utf-8").replace("</body>", robot), encoding="utf-8")
    page = browse(f"{post_box}/index.html?rater=2", received, tmp_path)
    assert "Done. Thank you!" in status_of(page)
    (link,) = re.findall(r'<a href="data:text/csv;charset=utf-8,([^"]+)" download="answers-2.csv">', page)
    lines = urllib.parse.unquote(link).split()
    assert lines[0] == "rater,trial,called_real,milliseconds"
    answered = {int(line.split(",")[1]): int(line.split(",")[2]) for line in lines[1:]}
    trials = [trial for trial in study.trials("2") if trial.comparison.model != "check"]
    assert {trial.number: trial.real for trial in trials}.items() <= answered.items()
