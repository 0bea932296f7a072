"""
Forms of an incident and of its records: the same for a record that stands and for one that an import proposes.

`values()` of each is what `incidents.actions` takes. A text keeps its spaces and its line ends as written.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents import timeline
from incidents.models import Action, Cause, Incident
from incidents.reading.encoding import LIMIT
from incidents.written_times import meaning
from people import words

PRECISIONS = [
    ("exact", gettext_lazy("To the minute")),
    ("approximate", gettext_lazy("About")),
    ("minute-vague", gettext_lazy("To the minute, seconds not known")),
    ("open", gettext_lazy("From then on, end not known")),
    ("day", gettext_lazy("That day")),
    ("duration", gettext_lazy("A length of time only")),
    ("none", gettext_lazy("No time")),
]
LOCAL = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{1,2}:\d{2}(?::\d{2})?))?")


class Lines(forms.CharField):
    """Several lines, kept to the letter."""

    widget = forms.Textarea

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, **kwargs)

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\r\n", "\n")


class LocalTime(forms.CharField):
    """`2026-02-06 17:40`, with seconds or a day alone; as ISO text."""

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        if not text:
            return ""
        match = LOCAL.fullmatch(text)
        try:
            if match is None:
                raise ValueError
            local = match[1] + (f"T{match[2]:0>5}" if match[2] else "")
            datetime.fromisoformat(local)
        except ValueError:
            raise forms.ValidationError(_("Write it as 2026-02-06 17:40, or the day alone.")) from None
        return local

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool((initial or "") != self.clean(data))
        except forms.ValidationError:
            return True

    def prepare_value(self, value: Any) -> Any:
        return value.replace("T", " ") if isinstance(value, str) else value


class RecordForm(forms.Form):
    """A form whose cleaned data are fields of a record."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        next(iter(self.fields.values())).widget.attrs["autofocus"] = True

    def values(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class EntryForm(RecordForm):
    token = forms.CharField(
        label=gettext_lazy("Time, as you would write it"),
        required=False,
        strip=False,
        help_text=gettext_lazy("Such as 20:46, ~20:30, 20:46–21:05, J+1 01:15. It is kept as written."),
    )
    text = Lines(label=gettext_lazy("What happened"))
    start = LocalTime(
        label=gettext_lazy("Starts"), required=False, help_text=gettext_lazy("Empty: read from the written time.")
    )
    end = LocalTime(label=gettext_lazy("Ends"), required=False)
    precision = forms.ChoiceField(label=gettext_lazy("How exactly"), choices=PRECISIONS, required=False)
    zone = forms.CharField(
        label=gettext_lazy("Time zone"), required=False, help_text=gettext_lazy("Empty: that of the incident.")
    )

    def __init__(
        self,
        *args: Any,
        language: str = "en",
        days: tuple[date | None, date | None] = (None, None),
        previous: str = "",
        **kwargs: Any,
    ) -> None:
        """`days` are the incident's first and last; `previous` is the local start of the entry before."""
        super().__init__(*args, **kwargs)
        self.language, self.days, self.previous = language, days, previous

    def clean_zone(self) -> str:
        return known_zone(self)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return data
        if self.to_be_read():
            meant = meaning(data["token"], self.language, *self.days, self.previous)
            data |= {"start": meant.start, "end": meant.end, "precision": meant.precision}
            data |= {"day_offset": meant.day_offset, "zone": data["zone"] or meant.zone}
        else:
            data["precision"] = data["precision"] or ("exact" if "T" in data["start"] else "day")
        if data["start"] and data["end"] and data["end"] < data["start"]:
            self.add_error("end", _("It ends before it starts. If that was the next day, write the next day."))
        elif data["end"] and not data["start"]:
            self.add_error("start", _("It ends, so it starts."))
        return data

    def to_be_read(self) -> bool:
        """A new token, with nothing said of what it means: it is understood anew."""
        told = {"start", "end", "precision"} & set(self.changed_data)
        return not self.cleaned_data["start"] or ("token" in self.changed_data and not told)


def known_zone(form: forms.Form) -> str:
    """One that says which instant a time is. What a document said stays, whatever it is."""
    zone = str(form.cleaned_data["zone"])
    if zone and "zone" in form.changed_data and timeline.place_of(zone) is None:
        raise forms.ValidationError(
            _("%(zone)s is no zone, or means several. Write one such as Europe/Paris.") % {"zone": zone}
        )
    return zone


class CauseForm(RecordForm):
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=Cause.Kind.choices)
    title = forms.CharField(label=gettext_lazy("Title"), required=False, strip=False)
    text = Lines(label=gettext_lazy("Why"), required=False)
    trigger = forms.BooleanField(label=gettext_lazy("This set it off"), required=False)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not data.get("title", "").strip() and not data.get("text", "").strip():
            self.add_error("text", _("Say why."))
        return data


class ActionForm(RecordForm):
    text = Lines(label=gettext_lazy("What is to be done"))
    owner = forms.CharField(label=gettext_lazy("Owner"), required=False, strip=False)
    due = forms.DateField(
        label=gettext_lazy("Due"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    priority = forms.CharField(label=gettext_lazy("Priority"), required=False, strip=False)
    horizon = forms.CharField(label=gettext_lazy("Group or horizon"), required=False, strip=False)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=Action.Kind.choices)
    references = forms.CharField(
        label=gettext_lazy("References"), required=False, help_text=gettext_lazy("Such as #3135, separated by spaces.")
    )

    def clean_references(self) -> list[str]:
        if "references" not in self.changed_data:
            return list(self.initial.get("references") or [])
        return str(self.cleaned_data["references"]).split()

    def values(self) -> dict[str, Any]:
        """A day that a person sets is no longer the one that was written."""
        return super().values() | ({"due_raw": ""} if "due" in self.changed_data else {})

    def get_initial_for_field(self, field: forms.Field, field_name: str) -> Any:
        value = super().get_initial_for_field(field, field_name)
        return " ".join(value) if field_name == "references" and value else value


class LessonForm(RecordForm):
    text = Lines(label=gettext_lazy("What was learnt"))


class AppendixForm(RecordForm):
    heading = forms.CharField(label=gettext_lazy("Heading"), required=False, strip=False)
    text = Lines(label=gettext_lazy("Text"), required=False)


class ReferenceForm(RecordForm):
    KINDS = [
        ("pr", gettext_lazy("Pull request")),
        ("issue", gettext_lazy("Issue")),
        ("commit", gettext_lazy("Commit")),
        ("unknown", gettext_lazy("Something else")),
    ]
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=KINDS)
    ref = forms.CharField(label=gettext_lazy("Reference"), strip=False)


class SummaryForm(RecordForm):
    summary = Lines(label=gettext_lazy("What happened, in a few sentences"), required=False)


class MetadataForm(RecordForm):
    metadata = Lines(label=gettext_lazy("One a line"), required=False, help_text=gettext_lazy("Label: value"))

    def clean_metadata(self) -> list[dict[str, str]]:
        found = []
        for number, line in enumerate(self.cleaned_data["metadata"].splitlines(), 1):
            if not line.strip():
                continue
            label, colon, value = line.partition(":")
            if not colon or not label.strip():
                raise forms.ValidationError(_("Line %(line)s has no label before a colon.") % {"line": number})
            found.append({"label": label.strip(), "value": value.strip()})
        return found

    def get_initial_for_field(self, field: forms.Field, field_name: str) -> Any:
        value = super().get_initial_for_field(field, field_name) or []
        return "\n".join(f"{pair['label']}: {pair['value']}" for pair in value)


class HeaderForm(RecordForm):
    """What stands at the head of a report. A severity that a person sets is no longer the one that was written."""

    title = forms.CharField(label=gettext_lazy("Title"))
    severity = forms.ChoiceField(label=gettext_lazy("Severity"), choices=Incident.Severity.choices, required=False)
    occurred_start = forms.DateField(
        label=gettext_lazy("First day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    occurred_end = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    zone = forms.CharField(
        label=gettext_lazy("Time zone"),
        required=False,
        help_text=gettext_lazy("Such as UTC or Europe/Paris. Empty: not known."),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language of the report"),
        choices=[("en", gettext_lazy("English")), ("fr", gettext_lazy("French"))],
    )

    def clean_zone(self) -> str:
        return known_zone(self)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        start, end = data.get("occurred_start"), data.get("occurred_end")
        if end and not start:
            self.add_error("occurred_start", _("It has a last day, so it has a first."))
        elif start and end and end < start:
            self.add_error("occurred_end", _("It ends before it starts."))
        return data

    def values(self) -> dict[str, Any]:
        data = super().values()
        if "severity" in self.changed_data:
            data["severity_raw"] = ""
        if "zone" in self.changed_data:
            data["zone_source"] = "stated" if data["zone"] else "assumed"
        return data


class NewForm(HeaderForm):
    """An incident that begins now, as far as anybody knows."""

    summary = Lines(label=gettext_lazy("What is known so far"), required=False)


class UploadForm(forms.Form):
    """A file, or text that was pasted. Whether it can be read is for the reader to say."""

    file = forms.FileField(
        label=gettext_lazy("A file"),
        required=False,
        help_text=gettext_lazy("Markdown or plain text, or JSON that was exported here."),
    )
    text = Lines(label=gettext_lazy("Or its text"), required=False)

    def clean_file(self) -> Any:
        upload = self.cleaned_data["file"]
        if upload and upload.size > LIMIT:
            raise forms.ValidationError(too_big(upload.size))
        return upload

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not data.get("file") and not data.get("text", "").strip():
            raise forms.ValidationError(_("Choose a file, or paste the text."))
        return data


def too_big(size: int) -> str:
    return _("This has %(size)s, and a post-mortem has at most %(limit)s. Nothing was read.") % {
        "size": words.size(size),
        "limit": words.size(LIMIT),
    }


class AgreeForm(forms.Form):
    """The yes to an import, and what only a person can say: whether it is over, and whether to have it twice."""

    state = forms.ChoiceField(
        label=gettext_lazy("Is it over?"),
        choices=[
            ("", gettext_lazy("Choose")),
            ("resolved", gettext_lazy("Yes, it is resolved")),
            ("closed", gettext_lazy("Yes, and its report is closed")),
            ("ongoing", gettext_lazy("No, it is ongoing")),
        ],
    )
    again = forms.BooleanField(label=gettext_lazy("Import it a second time"))

    def __init__(self, data: Any, *, state: str, before: Incident | None) -> None:
        super().__init__(data, initial={"state": state})
        self.before = before
        if before is None:
            del self.fields["again"]
