"""A real browser, headless Chromium driven by Playwright, and the errors that it must not report."""

import base64
import os
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
PATIENCE = 60_000
AUDIT = (Path(__file__).parent / "accessibility.js").read_text(encoding="utf-8").rstrip(";\n")
MISSING = (
    "the pages were not tested: there is no Chromium. Install one (Debian: apt-get install chromium fonts-liberation), "
    "or name one with LOOKALIKE_CHROMIUM"
)

# Violations of the content security policy reach the console too, but without their position; layout shifts are
# only reported to early observers; and sent images are not reported at all.
WATCH = """
window.shifts = 0;
window.sent = [];
const ask = window.fetch;
window.fetch = (url, options) => {
  if (options && options.body instanceof Blob) window.sent.push(options.body);
  return ask(url, options);
};
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
new PerformanceObserver((list) => list.getEntries().forEach((shift) => {
  if (!shift.hadRecentInput) window.shifts += shift.value;
})).observe({ type: "layout-shift", buffered: true });
"""

DROP = """([name, type, data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type }));
  return transfer;
}"""


def executable():
    """Returns the path of the browser, or None."""
    named = os.environ.get("LOOKALIKE_CHROMIUM")
    if named:
        assert Path(named).is_file(), f"LOOKALIKE_CHROMIUM names {named}, which does not exist"
        return named
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """The browser process; every tab has its own profile."""

    def __init__(self, path):
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(executable_path=path)

    def version(self):
        """Version of Chromium."""
        return self._browser.version

    def tab(self, url, **options):
        """Opens a tab without a page; `url` is the root for `Tab.open`."""
        options = {"viewport": WIDE, "reduced_motion": "reduce", "locale": "en-GB"} | options
        return Tab(self._browser.new_context(**options), url)

    def close(self):
        """Ends the process."""
        self._browser.close()
        self._playwright.stop()


class Tab:
    """A page, and all its errors."""

    def __init__(self, context, url):
        self.context = context
        self.url = url
        self.wrong = []
        # Expected errors, as parts of the messages.
        self.expected = []
        self.page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.add_init_script(WATCH)
        # Dialogues are handled from the start, because an early one would be lost.
        self.page.on("filechooser", lambda _: None)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.wrong.append(f"uncaught: {error}"))

    def _hear(self, message):
        if message.type in ("error", "warning"):
            self.wrong.append(f"{message.text} ({message.location.get('url', '')})")

    def open(self, path="/"):
        """Goes to a path of the service."""
        self.page.goto(self.url + path)
        return self

    def close(self):
        """Closes the tab, and reports unexpected errors."""
        self.context.close()
        return [text for text in self.wrong if not any(part in text for part in self.expected)]

    def at(self, selector):
        """Returns the elements."""
        return self.page.locator(selector)

    def audit(self):
        """Returns the findings of accessibility.js."""
        return self.page.evaluate(f"({AUDIT})()")

    def shifts(self):
        """Returns the layout shift as browsers measure it: 0.1 is good."""
        return self.page.evaluate("window.shifts")

    def step(self, by):
        """Goes back or forward in the history, within a page."""
        walk = "new Promise((done) => { addEventListener('popstate', () => setTimeout(done), { once: true }); history.go(%d); })"
        self.page.evaluate(walk % by)

    # The shopper's page

    def found(self):
        """Waits for the end of a search; returns the displayed product names."""
        self.page.wait_for_selector("#results:not([aria-busy])", state="attached")
        return self.at("#results > li:not(.bone) .name").all_inner_texts()

    def choose(self, path, button="#choose"):
        """Chooses a file, as in the dialogue."""
        with self.page.expect_file_chooser() as chooser:
            self.at(button).click()
        chooser.value.set_files(path)

    def transfer(self, event, name, kind, data):
        """Drops or pastes a file."""
        files = self.page.evaluate_handle(DROP, [name, kind, base64.b64encode(data).decode()])
        if event == "paste":
            send = "(files) => document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: files, bubbles: true }))"
            self.page.evaluate(send, files)
            return
        for step in ("dragenter", "dragover", "drop"):
            self.page.dispatch_event("body", step, {"dataTransfer": files})

    def asked(self, act, path="/search"):
        """Returns the request of a search that an action causes, after its answer."""
        def wanted(response):
            return path in response.url.split("?")[0]

        with self.page.expect_response(wanted) as answer:
            act()
        return answer.value.request

    def sent(self):
        """Returns the image that was sent last."""
        read = """async () => {
          const bytes = new Uint8Array(await window.sent.at(-1).arrayBuffer());
          return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
        }"""
        return base64.b64decode(self.page.evaluate(read))

    def focus(self):
        """Describes the focused element."""
        return self.page.evaluate(
            """() => {
              const focused = document.activeElement;
              const { outlineStyle, outlineWidth } = getComputedStyle(focused);
              const { top, bottom, left, right } = focused.getBoundingClientRect();
              return {
                tag: focused.tagName, id: focused.id, classes: focused.className, text: focused.innerText,
                ring: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
                inside: bottom > 0 && top < innerHeight && right > 0 && left < innerWidth,
              };
            }"""
        )
