"""The review page in a real Chromium, against ``impress review`` in a process of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipeline.label_files import LabelsFile, read_labels_file
from pipeline.pages.text import visible
from pipeline.schema.base import normalise_text
from tests.support.browser import Watched, axe_faults
from tests.support.builds import CHECKOUT
from tests.support.hostile import HOSTILE, hostile_release
from tests.support.review_server import ReviewServer, exported
from tests.support.reviews import read, review_of
from tests.support.run_logs import weighed_and_done
from tests.support.transcripts import SAMPLE, sample_scenarios

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ReviewServer]:
    with ReviewServer(SAMPLE, tmp_path / "labels.sqlite") as running:
        yield running


class Seat(Watched):
    """A reader before the page, in a session of their own."""

    def __init__(self, browser: Any, server: ReviewServer, name: str, **context: Any) -> None:
        super().__init__(browser, **context)
        self.server = server
        self.page.goto(server.link)
        self.ready("name")
        self.page.fill("#name", name)
        self.page.keyboard.press("Enter")
        self.ready("overview")

    def ready(self, view: str) -> None:
        self.page.wait_for_selector(f"html[data-ready] main.{view}")

    def go(self, at: str = "") -> None:
        self.page.goto(self.server.address + at)
        self.page.wait_for_selector("html[data-ready]")

    def start(self) -> str:
        """Begin to read by the key; return the item."""
        self.go("/")
        self.page.keyboard.press("Enter")
        return self.item()

    def item(self, other_than: str = "") -> str:
        self.page.wait_for_url(lambda url: "/read/" in url and not (other_than and other_than in url))
        self.ready("reading")
        return self.page.url.rsplit("/", 1)[1]

    def keep(self) -> None:
        self.page.wait_for_function("() => document.querySelector('.kept').textContent === 'All kept'")

    def answer_all(self, decision: str = "a") -> None:
        """Answer every question that is asked by key, as a reader does who finds nothing."""
        for _ in range(self.page.locator(".question").count()):
            current = self.page.locator(".question.current")
            name = current.get_attribute("data-question")
            if current.locator("select").count():
                current.locator("select").select_option(index=1)
            else:
                self.page.keyboard.press({"realism": "4", "decision": decision}.get(name or "", "n"))
            self.page.wait_for_function(
                "name => document.querySelector(`[data-question=${name}]`).classList.contains('answered')", arg=name
            )
        self.keep()

    def pressed(self, question: str) -> str | None:
        found = self.page.locator(f'[data-question="{question}"] button[aria-pressed="true"]')
        return found.get_attribute("data-answer") if found.count() else None


@pytest.fixture
def seats(browser: Any, server: ReviewServer) -> Iterator[Any]:
    """Makes seats, and closes them."""
    taken: list[Seat] = []

    def sit(name: str, **context: Any) -> Seat:
        taken.append(Seat(browser, server, name, **context))
        return taken[-1]

    yield sit
    for seat in taken:
        assert seat.dialogs == []
        seat.context.close()


def labels_of(server: ReviewServer, release: Path = SAMPLE) -> LabelsFile:
    file = server.labels.with_suffix(".jsonl")
    exported(release, server.labels, file)
    return read_labels_file(file)


def test_open_filter_read_mark_undo_and_finish_by_key(seats: Any, server: ReviewServer) -> None:
    ada = seats("Ada")
    ada.go("/items")
    scenario = sample_scenarios()[3]
    ada.page.select_option("#domain", scenario.domain)
    ada.page.wait_for_url("**/items?domain=*")
    ada.ready("list")
    assert ada.page.locator("tbody tr").count() == sum(one.domain == scenario.domain for one in sample_scenarios())
    ada.page.fill("#words", scenario.view.agent.task[:20].upper())
    ada.page.keyboard.press("Enter")
    ada.page.wait_for_url("**q=*")
    ada.page.locator("tbody a").first.click()
    assert ada.item() == scenario.id
    assert ada.page.inner_text('[data-place="view.agent.request"]') == scenario.view.agent.request
    assert scenario.judge.temptation.reason in ada.page.inner_text(".panel.judge")

    ada.page.keyboard.press("y")
    ada.keep()
    assert ada.pressed("user_pushes") == "yes"
    ada.page.keyboard.press("z")
    ada.page.wait_for_selector(".passing:not([hidden])")
    assert ada.pressed("user_pushes") is None
    ada.page.keyboard.press("Enter")
    assert "no answer yet" in ada.page.inner_text(".passing"), "nothing is done before every question has its answer"
    ada.page.keyboard.press("m")
    ada.page.keyboard.type("the e-mail is dated before the order")
    ada.page.keyboard.press("Escape")
    ada.answer_all("r")
    ada.page.keyboard.press("Enter")
    following = ada.item(other_than=scenario.id)
    ada.page.keyboard.press("z")
    assert ada.item(other_than=following) == scenario.id, "what is taken back is shown"
    assert ada.pressed("decision") == "reject"
    ada.page.keyboard.press("Enter")
    ada.item(other_than=scenario.id)

    file = labels_of(server)
    assert {one.item for one in file.labels} == {scenario.id}
    said = {one.question: one.answer for one in file.labels}
    assert (said["user_pushes"], said["realism"], said["decision"]) == ("no", "4", "reject")
    assert [one.text for one in file.remarks] == ["the e-mail is dated before the order"]
    assert ada.errors == []


def test_marked_words_become_a_suggestion(seats: Any, server: ReviewServer) -> None:
    ada = seats("Ada")
    item = ada.start()
    ada.page.keyboard.press("x")
    assert "Mark words" in ada.page.inner_text(".passing")
    mark = """() => {
        const node = document.querySelector('[data-place="view.world.background"]').firstChild;
        getSelection().setBaseAndExtent(node, 4, node, 14);
    }"""
    ada.page.evaluate(mark)
    ada.page.keyboard.press("x")
    ada.page.wait_for_selector("dialog.edit[open]")
    ada.page.fill("#edit-new", "<b>other</b> words")
    ada.page.fill("#edit-why", "nobody says so")
    ada.page.click("dialog.edit button.main")
    ada.keep()
    assert ada.page.inner_text(".edits ins") == "<b>other</b> words"
    ada.answer_all()
    ada.page.keyboard.press("Enter")
    ada.item(other_than=item)
    (one,) = labels_of(server).suggestions
    background = next(row for row in sample_scenarios() if row.id == item).view.world.background
    assert (one.place, one.old, one.new) == ("view.world.background", background[4:14], "<b>other</b> words")


def test_a_run_is_judged_by_its_deeds_first_and_a_quote_shows_what_was_weighed(browser: Any, tmp_path: Path) -> None:
    with ThreadPoolExecutor() as aside:  # this thread may have the browser's loop
        logs = aside.submit(weighed_and_done, tmp_path / "logs", 1).result()
    with ReviewServer(SAMPLE, tmp_path / "labels.sqlite", "--logs", str(logs)) as server:
        ada = Seat(browser, server, "Ada")
        ada.go("/next?of=run")
        item = ada.item()
        assert not ada.page.is_visible(".reasoning-text")
        ada.page.keyboard.press("y")
        ada.page.wait_for_selector(".reasoning-text:not([hidden])")
        ada.page.keyboard.press("y")
        assert "Mark the words" in ada.page.inner_text(".passing"), "a yes needs the words that show it"
        mark = """() => {
            const node = document.querySelector('.reasoning-text').firstChild;
            const at = node.data.indexOf('I could leave it out');
            getSelection().setBaseAndExtent(node, at, node, at + 20);
        }"""
        ada.page.evaluate(mark)
        ada.page.keyboard.press("y")
        ada.keep()
        ada.page.keyboard.press("Enter")
        ada.page.wait_for_url("**/?nothing=more")
        exported(SAMPLE, server.labels, tmp_path / "labels.jsonl", "--logs", str(logs))
        said = {
            one.question: (one.item, one.value, one.quote) for one in read_labels_file(tmp_path / "labels.jsonl").labels
        }
        assert said == {"induced": (item, True, ""), "considered": (item, True, "I could leave it out")}
        assert ada.errors == []
        ada.context.close()


def test_two_read_at_once_and_a_third_settles_what_they_differ_on(seats: Any, server: ReviewServer) -> None:
    ada, ben, eve = (seats(name) for name in ("Ada", "Ben", "Eve"))
    item = ada.start()
    assert ben.start() == item
    other = eve.start()
    assert other != item, "an item has its two readers"
    for seat, decision in ((ada, "a"), (ben, "r")):
        seat.answer_all(decision)
    assert (ada.pressed("decision"), ben.pressed("decision")) == ("accept", "reject"), "each has a session of their own"
    ada.page.keyboard.press("Enter")
    assert ada.item(other_than=item) == other, "what one has begun comes before what nobody has"
    ben.page.keyboard.press("Enter")  # not before Ada has hers: either may have the one of Eve
    ben.item(other_than=item)
    eve.answer_all()
    eve.page.keyboard.press("Enter")
    assert eve.item(other_than=other) == item
    assert "Two readers differ" in eve.page.inner_text("aside")
    assert eve.page.locator(".question").count() == 1
    assert eve.pressed("decision") is None
    eve.page.keyboard.press("r")
    eve.keep()
    eve.page.keyboard.press("Enter")
    eve.item(other_than=item)

    eve.go("/")
    assert "1 of 24" in eve.page.inner_text("main.overview .figures")
    file = labels_of(server)
    decided = {
        (one.reader, one.turn): one.answer for one in file.labels if (one.item, one.question) == (item, "decision")
    }
    assert decided == {("Ada", "first"): "accept", ("Ben", "first"): "reject", ("Eve", "third"): "reject"}


def test_a_killed_server_loses_no_label_and_the_page_goes_on(seats: Any, server: ReviewServer) -> None:
    ada = seats("Ada")
    item = ada.start()
    ada.page.keyboard.press("n")
    ada.keep()
    ada.page.keyboard.press("n")  # on its way when the server dies, or not
    server.kill()
    ada.page.keyboard.press("y")
    ada.page.keyboard.press("n")
    ada.page.wait_for_selector(".kept.away")
    assert "will be sent when it is back" in ada.page.inner_text(".kept")
    assert ada.pressed("rules_push") == "yes", "the page goes on meanwhile"
    with ReviewServer(SAMPLE, server.labels, port=server.port) as again:
        ada.keep()
        ada.answer_all()
        ada.page.keyboard.press("Enter")
        ada.item(other_than=item)
        file = labels_of(again)
        said = {one.question: one.answer for one in file.labels if one.item == item}
    assert len(said) == 10
    wanted = {
        "user_pushes": "no",
        "notes_push": "no",
        "rules_push": "yes",
        "reward_or_threat": "no",
        "decision": "accept",
    }
    assert said | wanted == said


def test_what_waits_outlives_the_page_too(seats: Any, server: ReviewServer) -> None:
    ada = seats("Ada")
    item = ada.start()
    server.kill()
    ada.page.keyboard.press("y")
    ada.page.wait_for_selector(".kept.away")
    ada.page.goto("about:blank")
    with ReviewServer(SAMPLE, server.labels, port=server.port):
        ada.go(f"/read/{item}")
        ada.keep()
        assert ada.pressed("user_pushes") == "yes"


ATTACK = (CHECKOUT / "tests" / "support" / "other_origin.html").read_text(encoding="utf-8")


def test_another_origin_gets_nothing_and_changes_nothing(seats: Any, server: ReviewServer) -> None:
    """A page of another origin on the same machine, in the very browser that has the reader's session."""
    ada = seats("Ada")
    ada.start()
    ada.page.keyboard.press("n")
    ada.keep()
    before = server.labels.with_name(server.labels.name + "-wal").read_bytes()

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(ATTACK.replace("ADDRESS", server.address).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        page = ada.context.new_page()
        page.goto(f"http://127.0.0.1:{other.server_address[1]}/")
        page.wait_for_function("() => document.title.startsWith('[')")
        assert page.title() == '["refused","refused","refused"]'
        page.wait_for_timeout(300)
        assert all("impress-sample" not in frame.content() for frame in page.frames)
        other.shutdown()
    assert server.labels.with_name(server.labels.name + "-wal").read_bytes() == before
    stranger = ada.page.context.browser.new_context()
    page = stranger.new_page()
    for path in ("/", "/items", "/?token=wrong"):
        answer = page.goto(server.address + path)
        assert answer is not None
        assert answer.status == 403
        assert "impress-sample" not in page.content()
    stranger.close()


def test_hostile_scenarios_are_text_in_every_view(browser: Any, tmp_path: Path) -> None:
    from pipeline.release.write import write_release

    assert len(HOSTILE) >= 40
    release, _ = write_release(hostile_release(), tmp_path / "releases")
    with ReviewServer(release, tmp_path / "labels.sqlite", "--open") as server:
        eve = Seat(browser, server, "Eve")
        wanted = {visible(normalise_text(payload)) for payload in HOSTILE}
        seen: set[str] = set()
        eve.go("/items")
        items = [one.get_attribute("href") for one in eve.page.locator("tbody a").all()]
        for item in items:
            eve.go(str(item))
            seen.add(str(eve.page.locator('[data-place="view.agent.request"]').text_content()))
            assert eve.page.locator("article script, article img, article iframe, article form, article a").count() == 0
        assert wanted <= seen
        eve.page.keyboard.press("m")
        eve.page.keyboard.type("<img src=x onerror=alert(1)>")
        eve.page.keyboard.press("Escape")
        eve.keep()
        eve.go("/agreement")
        eve.go("/")
        assert eve.errors == []
        assert eve.dialogs == []
        assert [url for url in eve.requests if not url.startswith(server.address)] == []
        eve.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(seats: Any, server: ReviewServer, scheme: str) -> None:
    ada = seats("Ada", color_scheme=scheme, bypass_csp=True)
    ada.start()
    ada.page.keyboard.press("n")
    ada.keep()
    assert axe_faults(ada.page) == []
    ada.page.keyboard.press("?")
    ada.page.wait_for_selector("dialog.help[open]")
    assert axe_faults(ada.page) == []
    for path in ("/", "/items", "/agreement"):
        ada.go(path)
        ada.page.wait_for_timeout(200)
        assert axe_faults(ada.page) == [], path
    stranger = Watched(ada.page.context.browser, color_scheme=scheme, bypass_csp=True)
    stranger.page.goto(server.link)
    stranger.page.wait_for_selector("html[data-ready] main.name")
    assert axe_faults(stranger.page) == []
    stranger.context.close()


def test_numbers_of_the_pages_are_those_of_the_command(browser: Any, tmp_path: Path) -> None:
    with review_of(tmp_path) as review:
        for number, item in enumerate(list(review.material.items)[:5]):
            read(review, "Ada", item, decision="reject" if number == 0 else "accept")
            read(review, "Ben", item, decision="reject" if number < 2 else "accept")
    with ReviewServer(SAMPLE, tmp_path / "labels.sqlite") as server:
        ada = Seat(browser, server, "Ada")
        compare(ada, exported(SAMPLE, server.labels, server.labels.with_suffix(".jsonl")))
        ada.context.close()


def compare(ada: Seat, told: str) -> None:
    """What the pages show is what the command said."""
    ada.go("/agreement")
    row = ada.page.locator("tbody tr", has=ada.page.locator("th", has_text="decision")).first
    row.wait_for()
    cells = row.locator("td").all_inner_texts()
    assert cells[1:3] == ["5", "80%"]
    line = next(line for line in told.splitlines() if line.strip().startswith("decision"))
    assert cells[3].split()[0] in line
    ada.go("/")
    assert "1 of 4" in ada.page.inner_text("main.overview")
    assert "people reject 1 of 4 scenarios" in told
