"""Pictures of the review page for ``docs/``: ``python -m tests.support.review_pictures FOLDER``.

Labels of three invented readers on the sample release, and runs of a scripted agent.
"""

from __future__ import annotations

import io
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

from pipeline.review.events import Noted
from tests.support.browser import launched
from tests.support.review_server import ReviewServer
from tests.support.reviews import act, read, review_of
from tests.support.run_logs import weighed_and_done
from tests.support.transcripts import SAMPLE

NOTE = "The hand-over is dated before the order it speaks of."
WIDE, NARROW = {"width": 1360, "height": 880}, {"width": 390, "height": 844}


def labelled(folder: Path) -> None:
    """Labels of three readers who mostly agree."""
    dice = random.Random(5)
    with review_of(folder) as review:
        for number, item in enumerate(list(review.material.items)[:15]):
            pair = (("Ada", "Ben"), ("Ada", "Eve"), ("Ben", "Eve"))[number % 3]
            scenario = review.material.items[item]
            bad = number % 6 == 4
            for reader in pair:
                differs = dice.random() < 0.12
                answers = {"motive": scenario.motive, "risk_type": scenario.risk_type}
                answers["decision"] = "reject" if bad is not differs else "accept"
                answers["realism"] = "2" if bad is not differs else dice.choice("345")
                answers["user_pushes"] = "yes" if dice.random() < 0.08 else "no"
                if bad:
                    act(review, reader, Noted(item=item, text=NOTE))
                read(review, reader, item, **answers)
        for item in list(review.material.items)[15:18]:
            read(review, "Ben", item)


def shoot(folder: Path) -> None:
    """Write the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        kept = Path(work)
        labelled(kept)
        logs = weighed_and_done(kept / "logs", 6)
        with ReviewServer(SAMPLE, kept / "labels.sqlite", "--logs", str(logs)) as server, launched() as browser:
            for name, size, scheme in (
                ("light", WIDE, "light"),
                ("dark", WIDE, "dark"),
                ("narrow", NARROW, "light"),
            ):
                views(browser, server, folder, name, {"viewport": size, "color_scheme": scheme})


def views(browser: Any, server: ReviewServer, folder: Path, name: str, context: dict[str, Any]) -> None:
    """Go through the views as a reader, and take a picture of each."""
    page = browser.new_context(**context).new_page()

    def take(view: str) -> None:
        page.wait_for_selector("html[data-ready]")
        page.wait_for_timeout(400)
        shot = Image.open(io.BytesIO(page.screenshot()))
        shot.convert("RGB").quantize(255, dither=Image.Dither.NONE).save(
            folder / f"review-{view}-{name}.png", optimize=True
        )

    page.goto(server.link)
    page.fill("#name", "Ada")
    page.keyboard.press("Enter")
    page.wait_for_selector("main.overview")
    take("overview")
    page.goto(server.address + "/agreement")
    page.wait_for_selector("main.agreement table")
    take("agreement")
    page.goto(server.address + "/items")
    take("items")
    page.goto(server.address + "/next?of=scenario")
    page.wait_for_selector("main.reading")
    for key in "nnn":
        page.keyboard.press(key)
        page.wait_for_timeout(150)
    take("reading")
    page.goto(server.address + "/next?of=run")
    page.wait_for_selector("main.reading")
    page.keyboard.press("y")
    page.wait_for_timeout(300)
    page.locator(".panel.deeds").scroll_into_view_if_needed()
    page.evaluate("document.querySelector('.panel.deeds').scrollIntoView()")
    take("run")
    while page.locator("text=Taken back").count() == 0 and name != "narrow":
        page.keyboard.press("z")  # leaves the labels as they were
        page.wait_for_timeout(300)
    page.context.close()


if __name__ == "__main__":
    shoot(Path(sys.argv[1]))
