"""Takes the pictures of the README from the site as it was built, so that they show what a reader gets."""

from __future__ import annotations

import io
import shutil
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
INTO = ROOT / "docs" / "assets" / "readme"
LANE = "?lane=gitlab-18.9/mlflow-3"
# Name, page, scheme of colours, what has to be at the top of the view, width and height of the view.
PICTURES: tuple[tuple[str, str, Literal["light", "dark"], str | None, int, int], ...] = (
    ("home", "", "light", None, 1280, 760),
    ("guide", f"how-to/register-models/{LANE}", "light", "#a-model-with-versions-cannot-be-read", 1280, 760),
    ("matrix", f"reference/compatibility/{LANE}", "dark", "#registry", 1400, 600),
)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing: what was written is said below."""


def main() -> None:
    site = ROOT / "site"
    chromium = next((path for name in ("chromium", "google-chrome") if (path := shutil.which(name))), None)
    if chromium is None or not (site / "index.html").is_file():
        sys.exit("needs Chromium (apt-get install chromium) and the site (make site)")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    INTO.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, page_name, scheme, top, width, height in PICTURES:
            page = browser.new_page(
                viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
            )
            page.goto(f"http://127.0.0.1:{server.server_port}/{page_name}", wait_until="networkidle")
            if top:
                page.locator(f"article {top}").first.evaluate("one => scrollTo(0, one.offsetTop - 110)")
                page.wait_for_load_state("networkidle")
            file = INTO / f"{name}.webp"
            with Image.open(io.BytesIO(page.screenshot())) as taken:
                taken.convert("RGB").save(file, "WEBP", quality=55, method=6)
            print(f"wrote {file.relative_to(ROOT)}, {file.stat().st_size / 1000:.0f} KB")
            page.close()
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main()
