"""The frame of every page: one HTML file with its style and script inside.

Open this module to change what all pages share. The trap: a page's policy forbids it to load
anything, so a link to a style sheet or an image would do nothing.
"""

from importlib import resources

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

_FILES = resources.files(__package__)


def file(name: str) -> str:
    """Return the text of a template, a style sheet or a script of this package."""
    return (_FILES / name).read_text(encoding="utf-8")


def render(template: str, **values: object) -> str:
    """Return a filled template; a string that is no Markup is escaped.

    Args:
        template: its text.
        values: values by name; a name without one is an error.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(template).render(**values)


def page(title: str, body: Markup, script: str = "", style: str = "") -> str:
    """Return a whole page, whose policy forbids it to load anything.

    Args:
        title: of the window.
        body: HTML.
        script: JavaScript to run at the end.
        style: CSS in addition to that of all pages.
    """
    return render(
        file("page.html.jinja"),
        title=title,
        body=body,
        script=Markup(script),
        style=Markup(file("page.css") + style),
    )
