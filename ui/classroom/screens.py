"""Pages, lessons and links that a teacher opens on every screen of the class."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from trainer import UserError
from trainer.config.limits import short_repr
from trainer.config.presets import LESSONS, PRESETS
from ui import entry
from ui.learn import LESSONS as LEARN

Target = tuple[str, dict[str, str]]  # name of a page, and the query of its address

# What a link may say. A secret, such as a recovery link's or a teacher's, is for nobody else.
PARAMETERS = ("run", "runs", "preset", "config", "parent", "code", "lesson", "term", "view", "sweep", "group")
MAX_LENGTH = 4_000  # characters of a value: a configuration is the longest


def targets() -> dict[str, Target]:
    """Return the pages and lessons that can be chosen, by their labels."""
    pages: dict[str, Target] = {page.title: (page.name, {}) for page in entry.PAGES}
    train = {
        f"Train: {PRESETS[name].title}": ("train", {"preset": name}) for names in LESSONS.values() for name in names
    }
    learn = {f"Learn: {lesson.short}": ("learn", {"lesson": str(place)}) for place, lesson in enumerate(LEARN, 1)}
    return pages | train | learn


def find(text: str) -> Target:
    """Return what a label or a link stands for. Raises UserError if it is neither."""
    if target := targets().get(text):
        return target
    try:
        url = urlsplit(text.strip())
        query = dict(parse_qsl(url.query))
    except ValueError:
        raise _refused(text) from None
    name = url.path.rstrip("/").rpartition("/")[2] or entry.HOME
    if not (url.netloc or url.path.startswith("/")) or name not in {page.name for page in entry.PAGES}:
        raise _refused(text)
    return name, {key: value for key, value in query.items() if key in PARAMETERS and len(value) <= MAX_LENGTH}


def _refused(text: str) -> UserError:
    return UserError(f"A link must lead to a page of this app (got {short_repr(text)}): copy it from the address bar.")
