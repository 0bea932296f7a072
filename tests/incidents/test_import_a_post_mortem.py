"""Bob brings a written post-mortem: it is read, shown beside its source, corrected, and saved when he agrees."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils.timezone import now

from audit.models import Entry
from incidents.models import Document, Draft, Incident, TimelineEntry
from tests.incidents.conftest import REAL, browser, real_reports

pytestmark = pytest.mark.django_db
IMPORT = "/incidents/import/"


def upload(client, data, name="report.md"):
    return client.post(IMPORT, {"file": SimpleUploadedFile(name, data)})


def page(client, url):
    return client.get(url).content.decode()


def test_nothing_is_an_incident_before_a_person_agrees(on_call, written):
    answer = upload(on_call, written)
    assert answer.status_code == 302
    review = page(on_call, answer.url)
    assert "La photothèque s&#x27;ouvre sur une base vide" in review
    assert not Incident.objects.exists()
    on_call.post(answer.url, {"state": "resolved"})
    incident = Incident.objects.get()
    assert (incident.title, incident.language) == ("La photothèque s'ouvre sur une base vide", "fr")
    assert [e.token for e in TimelineEntry.objects.all()] == ["20:46", "~21:30", "00:58 (J+1)"]
    assert not Draft.objects.exists()
    assert Entry.objects.of(incident).last().action == "incident.imported"


def test_every_line_of_the_source_is_shown_once(on_call, written):
    review = page(on_call, upload(on_call, written).url)
    for number, line in enumerate(written.decode().split("\n"), 1):
        assert review.count(f'id="L{number}"') == (1 if line.strip() else review.count(f'id="L{number}"')), line
    assert "Appendix, kept as it is" in review
    assert "was read as S2" in review or "is a bare word" in review or "Haute (P2)" in review


def test_pasted_text_is_read_as_a_file_is(on_call, written):
    answer = on_call.post(IMPORT, {"text": written.decode()})
    on_call.post(answer.url, {"state": "resolved"})
    assert TimelineEntry.objects.count() == 3


def test_text_that_was_broken_on_its_way_is_repaired_and_one_is_told(on_call, written):
    broken = written.decode().encode().decode("mac_roman").encode()
    answer = upload(on_call, broken)
    assert "UTF-8 that something once read as" in page(on_call, answer.url)
    on_call.post(answer.url, {"state": "resolved"})
    assert Incident.objects.get().title == "La photothèque s'ouvre sur une base vide"
    assert bytes(Document.objects.get().data) == broken


def correct(client, review, place, **fields):
    return client.post(f"{review}correct/", {"place": place, **fields})


def test_each_record_can_be_corrected_before_it_is_saved(on_call, written):
    review = upload(on_call, written).url
    assert 'name="token" value="~21:30"' in page(on_call, f"{review}?edit=timeline/1")
    fields = {"token": "~21:30", "text": "Trois téléphones.", "start": "2026-11-05 21:30", "precision": "approximate"}
    assert correct(on_call, review, "timeline/1", **fields).url.endswith("#p-timeline-1")
    correct(on_call, review, "header", title="Autre titre", language="fr", severity="S1", zone="Europe/Paris")
    correct(on_call, review, "actions/1", text="Une copie froide.", kind="preventive", owner="Alice", due="2026-11-14")
    on_call.post(review, {"state": "ongoing"})
    incident = Incident.objects.get()
    assert (incident.title, incident.severity, incident.state) == ("Autre titre", "S1", "ongoing")
    entry = TimelineEntry.objects.get(position=1)
    assert (entry.text, entry.token) == ("Trois téléphones.", "~21:30")
    assert entry.at.isoformat() == "2026-11-05T20:30:00+00:00"
    action = incident.action_set.get(position=1)
    assert (action.owner, action.due.isoformat(), action.state) == ("Alice", "2026-11-14", "open")


def test_a_wrong_correction_is_said_in_its_place(on_call, written):
    review = upload(on_call, written).url
    answer = correct(on_call, review, "timeline/1", token="x", text="x", start="yesterday")
    assert answer.status_code == 422
    assert "Write it as 2026-02-06 17:40" in answer.content.decode()


def test_what_is_left_out_goes_to_the_appendix(on_call, written):
    review = upload(on_call, written).url
    correct(on_call, review, "lessons/0", **{"leave-out": "1"})
    assert "Left out: its words go to the appendix" in page(on_call, review)
    on_call.post(review, {"state": "resolved"})
    incident = Incident.objects.get()
    assert not incident.lesson_set.exists()
    assert incident.appendix_set.last().text == "Le nom d'un volume fait partie des données."


def test_a_correction_can_be_taken_back(on_call, written):
    review = upload(on_call, written).url
    correct(on_call, review, "lessons/0", text="autre chose")
    correct(on_call, review, "lessons/0", **{"leave-out": "1"})
    correct(on_call, review, "lessons/0", **{"as-read": "1"})
    on_call.post(review, {"state": "resolved"})
    assert Incident.objects.get().lesson_set.get().text == "Le nom d'un volume fait partie des données."


@pytest.mark.parametrize("place", ["lessons/7", "lessons/x", "nonsense", "timeline", "", "__class__/0"])
def test_a_place_that_is_not_there_is_not_found(on_call, written, place):
    review = upload(on_call, written).url
    assert correct(on_call, review, place, text="x").status_code == 404
    assert on_call.get(review, {"edit": place}).status_code == 200


def test_a_document_that_gives_no_status_asks_whether_it_is_over(on_call, written):
    review = upload(on_call, written.replace("**Statut :** Résolu\n".encode(), b"")).url
    assert on_call.post(review, {}).status_code == 422
    assert not Incident.objects.exists()
    on_call.post(review, {"state": "resolved"})
    assert Incident.objects.get().state == "resolved"


def test_the_same_bytes_a_second_time_are_told_and_only_saved_when_asked(on_call, written):
    on_call.post(upload(on_call, written).url, {"state": "resolved"})
    first = Incident.objects.get()
    review = upload(on_call, written).url
    assert f'<a href="/incidents/{first.pk}/">' in page(on_call, review)
    assert on_call.post(review, {"state": "resolved"}).status_code == 422
    assert Incident.objects.count() == 1
    on_call.post(review, {"state": "resolved", "again": "on"})
    assert Incident.objects.count() == 2


def test_a_double_click_saves_one(on_call, written):
    review = upload(on_call, written).url
    on_call.post(review, {"state": "resolved"})
    assert on_call.post(review, {"state": "resolved"}).status_code == 404
    assert Incident.objects.count() == 1


def test_a_draft_belongs_to_its_person_and_is_forgotten_after_a_week(on_call, alice, written):
    review = upload(on_call, written).url
    assert browser(alice).get(review).status_code == 404
    Draft.objects.update(made=now() - timedelta(days=8))
    assert on_call.get(review).status_code == 404
    upload(on_call, b"# another\n")
    assert Draft.objects.count() == 1


def test_it_can_be_forgotten_at_once(on_call, written):
    review = upload(on_call, written).url
    assert "report.md" in page(on_call, IMPORT)
    on_call.post(f"{review}forget/")
    assert not Draft.objects.exists()
    assert not Incident.objects.exists()


def test_a_document_that_is_no_post_mortem_can_be_kept_whole(on_call):
    text = "# How to bake bread\n\nTake flour, water and time.\n\n## Oven\n\n230 degrees.\n"
    review = upload(on_call, text.encode(), "bread.md").url
    assert "This does not look like a post-mortem." in page(on_call, review)
    on_call.post(f"{review}keep/", {"title": "The oven is broken"})
    incident = Incident.objects.get()
    assert (incident.title, incident.state) == ("The oven is broken", "ongoing")
    assert incident.appendix_set.get().text == text.strip("\n")
    assert bytes(incident.documents.get().data) == text.encode()


def test_the_original_bytes_can_be_had_again_and_are_never_shown(on_call, looking, written):
    data = written.replace(b"\n", b"\r\n")
    on_call.post(upload(on_call, data, "rapport d'été.md").url, {"state": "resolved"})
    document = Document.objects.get()
    assert document.sha256 == hashlib.sha256(data).hexdigest()
    answer = looking.get(reverse("document", args=[document.pk]))
    assert answer.content == data
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''rapport%20d%27%C3%A9t")
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_secret_is_gone_before_anything_is_kept_and_one_is_told_where(on_call, written):
    secret = written + b"\n## Journal\n\n```\nexport AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENG\n```\n"
    review = upload(on_call, secret).url
    assert b"wJalr" not in bytes(Draft.objects.get().data)
    line = secret.decode().split("\n").index("export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENG") + 1
    shown = page(on_call, review)
    assert f"Line {line}: a password or token" in shown
    assert "wJalr" not in shown
    on_call.post(review, {"state": "resolved"})
    document = Document.objects.get()
    assert bytes(document.data) == secret.replace(b"wJalrXUtnFEMIK7MDENG", b"[redacted]")
    assert "wJalr" not in str(list(Incident.objects.get().appendix_set.values()))
    assert "wJalr" not in str(list(Entry.objects.values()))


def test_a_secret_that_is_typed_into_a_correction_goes_too(on_call, written):
    review = upload(on_call, written).url
    correct(on_call, review, "lessons/0", text="password=hunter2")
    assert "hunter2" not in str(Draft.objects.get().report)


@pytest.mark.skipif(not real_reports(), reason=f"needs the real reports in {REAL}")
@pytest.mark.parametrize("path", real_reports(), ids=lambda path: path.stem)
def test_every_real_report_can_be_brought_in(on_call, path):
    data = path.read_bytes()
    review = upload(on_call, data, path.name).url
    assert on_call.get(review).status_code == 200
    on_call.post(review, {"state": "resolved"})
    incident = Incident.objects.get()
    assert bytes(incident.documents.get().data) == data
    assert on_call.get(f"/incidents/{incident.pk}/").status_code == 200
