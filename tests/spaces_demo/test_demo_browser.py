"""The page in a real browser: Debian's Chromium, with WebGL in software."""

import io
import shutil
import time

import numpy as np
import pytest

import tdmm_hf

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

PROMPT = "A furious man shouts and shakes his head."
FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PATIENCE = 120_000  # milliseconds, on a busy machine
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
TABS = ("Text to motion", "Motion to text", "Compare")
# What sticks out to the right, but for what scrolls inside a box of its own. (A phone's innerWidth
# grows with what sticks out.)
OVERFLOWING = """(width) => {
  const inside = (e) => {
    for (let p = e.parentElement; p; p = p.parentElement)
      if (getComputedStyle(p).overflowX !== 'visible' && p !== document.body) return true;
    return false;
  };
  const out = [...document.body.querySelectorAll('*')]
    .filter((e) => e.getBoundingClientRect().right > width + 1 && !inside(e))
    .map((e) => `${e.tagName}#${e.id}.${e.className}`);
  return {width: document.documentElement.scrollWidth, out: out.slice(0, 5)};
}"""


@pytest.fixture(scope="module")
def browser():
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("no chromium: apt-get install chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, address, tmp_path):
    """A function of context settings to the open page, which may fetch from its server alone."""
    opened = []

    def start(**settings):
        context = browser.new_context(accept_downloads=True, **settings)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        page.get_by_role("tab", name="Compare").wait_for()
        opened.append((context, page, asked))
        return page

    yield start
    for number, (context, page, asked) in enumerate(opened):
        page.screenshot(path=tmp_path / f"page-{number}.png", full_page=True)
        context.close()
        outside = [u for u in asked if not u.startswith((address, "data:", "blob:"))]
        assert not outside


def filled(page, name):
    """The text of a box, once there is some."""
    box = page.locator(f"#{name} textarea")
    playwright.expect(box).not_to_have_value("", timeout=PATIENCE)
    return box.input_value()


def picture(locator):
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(locator.screenshot())).convert("RGB"), dtype=int)


def moves(locator, seconds=60):
    """Whether more than noise changes within a second, at some time before long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        before = picture(locator)
        time.sleep(1)
        after = picture(locator)
        if before.shape == after.shape and (np.abs(before - after).max(axis=2) > 24).mean() > 0.005:
            return True
    return False


def make(page, seconds=2):
    page.locator("#prompt textarea").fill(PROMPT)
    page.locator("#seconds input[type=number]").fill(str(seconds))
    page.locator("#animate").click()


def read(page, path):
    page.get_by_role("tab", name="Motion to text").click()
    page.locator("#upload input[type=file]").set_input_files(path)


def test_a_prompt_moves_a_head(open_page, tmp_path):
    page = open_page(viewport={"width": 1280, "height": 900})
    make(page)
    assert len(filled(page, "words").split()) >= 3
    assert filled(page, "plan")
    assert moves(page.locator("#head canvas"))
    curves = page.locator("#curves .scatterlayer .trace")
    playwright.expect(curves.first).to_be_visible()
    assert curves.count() >= 8
    assert "seconds" in page.locator("#curves").inner_text()
    page.locator("#video video").wait_for()
    with page.expect_download() as download:
        page.locator("#files a[href$='.glb']").first.click()
    path = tmp_path / "downloaded.glb"
    download.value.save_as(path)
    assert tdmm_hf.load(path).num_frames == 50


def test_a_motion_file_is_read(open_page, smile, tmp_path):
    path = tmp_path / "smile.csv"
    tdmm_hf.save(smile, path)
    page = open_page()
    read(page, path)
    assert len(filled(page, "answer").split()) >= 3
    assert moves(page.locator("#uploaded-head canvas"))
    playwright.expect(page.locator("#upload")).not_to_contain_text("smile.csv")
    before = page.locator("#summary textarea").input_value()
    page.locator("#question input").fill("Put this face motion into words.")
    page.locator("#ask").click()
    playwright.expect(page.locator("#answer .eta-bar, #answer .progress-text")).to_have_count(0)
    assert page.locator("#summary textarea").input_value() == before
    assert len(filled(page, "answer").split()) >= 3


def test_a_video_is_read(open_page, landmarker, face_video):
    page = open_page()
    read(page, face_video)
    assert len(filled(page, "answer").split()) >= 3
    assert "face.mp4" in filled(page, "summary")


def test_what_is_refused_is_said(open_page):
    page = open_page()
    page.locator("#prompt textarea").fill("a" * 100_000)
    page.locator("#animate").click()
    toast = page.locator(".toast-body")
    playwright.expect(toast).to_contain_text("at most 1000 characters, got 100000")
    assert "Traceback" not in toast.inner_text()


def test_motions_are_compared(open_page):
    page = open_page(viewport={"width": 1280, "height": 900})
    page.get_by_role("tab", name="Compare").click()
    page.locator("#compared-seconds input[type=number]").fill("1")
    page.locator("#compare-button").click()
    page.locator("#compared-video video").wait_for()
    playwright.expect(page.locator("#cards")).to_contain_text("extremely")
    playwright.expect(page.locator("#compared-curves .scatterlayer .trace").first).to_be_visible()


def test_nothing_overflows_on_a_phone(open_page):
    page = open_page(**PHONE)
    make(page)
    page.locator("#video video").wait_for()
    playwright.expect(page.locator("#curves .scatterlayer .trace").first).to_be_visible()
    for tab in TABS:
        page.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(500)
        found = page.evaluate(OVERFLOWING, PHONE["viewport"]["width"])
        assert found["width"] <= 390, (tab, found["out"])
        assert not found["out"], tab
