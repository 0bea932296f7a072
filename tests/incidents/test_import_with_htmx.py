"""The forms of a review lead where they say, whichever page of it they were opened on."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from incidents.models import Draft

pytestmark = pytest.mark.django_db


def links(page: str, name: str) -> list[str]:
    return [unescape(found) for found in re.findall(rf'{name}="([^"]*)"', page)]


def test_every_link_of_a_review_that_opens_a_form_opens_one(on_call, written):
    review = on_call.post("/incidents/import/", {"file": SimpleUploadedFile("a.md", written)}).url
    page = on_call.get(review).content.decode()
    opening = [link for link in links(page, "hx-get") if "edit=" in link]
    assert len(opening) == 3 + 1 + 2 + 1 + 3  # entries, cause, actions, lesson; header, header lines, summary
    for link in opening:
        opened = on_call.get(link).content.decode()
        assert opened.count('class="asks-one in-place" method="post" action="/incidents/import/') >= 1, link
        assert on_call.get(link, headers={"HX-Request": "true"}).status_code == 200


def test_a_form_that_was_opened_corrects_what_it_was_opened_on(on_call, written):
    review = on_call.post("/incidents/import/", {"file": SimpleUploadedFile("a.md", written)}).url
    opened = on_call.get(f"{review}?edit=lessons/0").content.decode()
    action = next(link for link in links(opened, "hx-post") if "correct" in link)
    answer = on_call.post(action, {"place": "lessons/0", "text": "autre"}, headers={"HX-Request": "true"}, follow=True)
    assert answer.status_code == 200
    assert 'id="p-lessons-0"' in answer.content.decode()
    assert Draft.objects.get().report["fields"] == {"lessons/0": {"text": "autre"}}


def test_the_summary_and_the_header_lines_can_be_corrected(on_call, written):
    review = on_call.post("/incidents/import/", {"file": SimpleUploadedFile("a.md", written)}).url
    on_call.post(f"{review}correct/", {"place": "summary", "summary": "court"})
    on_call.post(f"{review}correct/", {"place": "metadata", "metadata": "Auteur: Alice"})
    page = on_call.get(review).content.decode()
    assert "<dt>Auteur</dt><dd>Alice</dd>" in page
    on_call.post(review, {"state": "resolved"})
    from_rows = on_call.get("/incidents/").context["rows"][0]
    assert from_rows.summary == "court"
    assert from_rows.metadata == [{"label": "Auteur", "value": "Alice"}]
