"""A report as one HTML file: whole, safe, and with nothing external."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from time import process_time

from hypothesis import given, settings

from incidents.reading.read import read
from incidents.reading.values import Appendix, Lesson
from incidents.report import Report, report_of
from incidents.writing.html import html
from tests.writing.reports import REPORTS

HERE = Path(__file__).parent.parent / "postmortems"
SAMPLE = report_of(read((HERE / "sample.fr.md").read_bytes()))
VOID = {"meta", "br", "hr"}
LOADING = {"src", "srcset", "data", "poster", "action", "background"}


class Page(HTMLParser):
    """What a browser would see: tags in balance, attributes, words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.levels: list[int] = []
        self.words = ""
        self.language = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]
        if re.fullmatch(r"h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag == "html":
            self.language = dict(attrs)["lang"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert tag in VOID or self.open.pop() == tag

    def handle_data(self, data):
        self.words += data


def test_the_sample_is_whole_and_in_its_own_language():
    page = Page(html(SAMPLE))
    assert page.open == []
    assert page.language == "fr"
    for words in (
        "Résumé",
        "Chronologie",
        "Causes racines",
        "Actions correctives",
        "À faire",
        "17:52 – 18:20",
        "rclone sync",
    ):
        assert words in page.words
    assert page.levels[0] == 1
    assert all(b <= a + 1 for a, b in zip(page.levels, page.levels[1:], strict=False))


def test_nothing_is_loaded_and_nothing_runs():
    hostile = "<script>alert(1)</script> <img src=x onerror=alert(1)> [y](javascript:alert(1))"
    hostile += " ![x](https://e.example/x.png)"
    page = Page(
        html(
            Report(
                hostile,
                "en",
                summary=hostile,
                lessons=(Lesson(hostile, 0),),
                appendix=(Appendix(hostile, 0, 0, hostile),),
            )
        )
    )
    assert not page.tags & {"script", "img", "link", "iframe", "object", "form"}
    assert not page.attributes & LOADING
    assert not any(name.startswith("on") for name in page.attributes)
    assert not any(link.startswith("javascript:") for link in page.links)
    assert "<script>alert(1)</script>" in page.words


@settings(max_examples=100, deadline=None)
@given(REPORTS)
def test_any_report_is_a_page_in_balance(report):
    assert Page(html(report)).open == []


def test_a_text_of_open_brackets_is_set_in_a_second_and_a_link_before_it_is_a_link():
    began = process_time()
    page = Page(html(Report("x", "en", summary="See [it](https://one.example/).\n\n" + "[" * 100_000)))
    assert process_time() - began < 2
    assert page.links == ["https://one.example/"]
    assert "[" * 100_000 in page.words


def test_a_text_nested_without_end_is_kept_whole():
    deep = "\n".join("  " * i + f"- level{i}" for i in range(150)) + "\n" + ">" * 300 + " quoted"
    page = Page(html(Report("x", "en", summary=deep)))
    assert "level149" in page.words
    assert "quoted" in page.words
