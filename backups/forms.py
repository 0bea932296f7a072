"""What a person may say about a volume and where its copies are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups import claims
from backups.models import Source, Volume
from backups.sentences import say
from cluster.api import ClaimRef

# Django's forms take their model's type for the checker only.
if TYPE_CHECKING:
    SourceModelForm = forms.ModelForm[Source]
    VolumeModelForm = forms.ModelForm[Volume]
else:
    SourceModelForm = VolumeModelForm = forms.ModelForm

NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
CLAIM = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
BUCKET = re.compile(r"[a-z0-9][-a-z0-9.]{1,61}[a-z0-9]")
MOST_SENTINELS = 50
MOST_MINUTES = 366 * 24 * 60
# What people name themselves; the other kinds are places that are found.
NAMED = [(kind.value, kind.label) for kind in (Source.Kind.MIRROR, Source.Kind.ARCHIVES, Source.Kind.SNAPSHOTS)]


class VolumeForm(VolumeModelForm):
    """
    The claim cannot be changed later: another claim is another volume. One that the cluster is known not to have is
    refused, unless `absent` is ticked, which is asked only then.
    """

    sentinels = forms.CharField(
        label=gettext_lazy("Sentinels"),
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Paths that must be in the volume and in every copy of it, one a line: .storage/auth"),
    )
    rpo = forms.IntegerField(
        label=gettext_lazy("Recovery point objective, in minutes"),
        min_value=1,
        max_value=MOST_MINUTES,
        initial=24 * 60,
        help_text=gettext_lazy("How old the newest good copy may be."),
    )
    rto = forms.IntegerField(
        label=gettext_lazy("Recovery time objective, in minutes"),
        min_value=1,
        max_value=MOST_MINUTES,
        initial=60,
        help_text=gettext_lazy("How long a restore may take."),
    )

    class Meta:
        model = Volume
        fields: ClassVar = ["namespace", "claim", "title", "uid", "gid", "sentinels", "rpo", "rto"]
        labels: ClassVar = {
            "namespace": gettext_lazy("Namespace"),
            "claim": gettext_lazy("Claim"),
            "title": gettext_lazy("What it holds"),
            "uid": gettext_lazy("User id of its files"),
            "gid": gettext_lazy("Group id of its files"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["namespace"].disabled = self.fields["claim"].disabled = True
            self.initial["sentinels"] = "\n".join(self.instance.sentinels)
        elif self.data.get("absent"):
            self.ask_whether_absent()

    def ask_whether_absent(self) -> None:
        label = _("Register it all the same: it is to come back (for instance from a released volume)")
        self.fields["absent"] = forms.BooleanField(label=label, required=False)
        self.order_fields(["namespace", "claim", "absent"])

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        ticked = bool(told.pop("absent", False))
        if self.instance.pk or not {"namespace", "claim"} <= told.keys():
            return told
        claim = ClaimRef(told["namespace"], told["claim"])
        there = claims.known(claim.namespace)
        if there is None or claim in there:
            return told
        if not ticked:
            self.ask_whether_absent()
            self.add_error("claim", no_claim(claim, claims.near(claim, there)))
        return told | {"absent": True}

    def clean_namespace(self) -> str:
        return named(self.cleaned_data["namespace"], NAME)

    def clean_claim(self) -> str:
        return named(self.cleaned_data["claim"], CLAIM)

    def clean_sentinels(self) -> list[str]:
        paths = list(
            dict.fromkeys(line.strip() for line in self.cleaned_data["sentinels"].splitlines() if line.strip())
        )
        if len(paths) > MOST_SENTINELS:
            raise forms.ValidationError(_("At most %(most)s sentinels.") % {"most": MOST_SENTINELS})
        for path in paths:
            if path.startswith("/") or ".." in path.split("/") or len(path) > 500:
                raise forms.ValidationError(_("“%(path)s” is not a path below the volume.") % {"path": path[:100]})
        return paths


class SourceForm(SourceModelForm):
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=NAMED)

    class Meta:
        model = Source
        fields: ClassVar = ["kind", "bucket", "prefix", "domain", "every"]
        labels: ClassVar = {
            "bucket": gettext_lazy("Bucket"),
            "prefix": gettext_lazy("Prefix"),
            "domain": gettext_lazy("Failure domain"),
            "every": gettext_lazy("Scanned every, in seconds"),
        }
        help_texts: ClassVar = {
            "prefix": gettext_lazy("The folder in the bucket, without a slash at its ends."),
            "domain": gettext_lazy("What would be lost together: a house, a provider, a NAS."),
        }

    def clean_prefix(self) -> str:
        prefix = self.cleaned_data["prefix"].strip().strip("/")
        if ".." in prefix.split("/"):
            raise forms.ValidationError(_("“%(path)s” is not a folder of a bucket.") % {"path": prefix[:100]})
        return str(prefix)

    def clean_every(self) -> int:
        every = int(self.cleaned_data["every"])
        if not 5 <= every <= 7 * 24 * 3600:
            raise forms.ValidationError(_("Between 5 seconds and a week."))
        return every

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        if told.get("kind") == Source.Kind.SNAPSHOTS:
            return told | {"bucket": "", "prefix": ""}
        if told.get("kind") and not BUCKET.fullmatch(told.get("bucket", "")):
            self.add_error("bucket", _("Copies in S3 need a bucket: 3 to 63 of a–z, 0–9, dot and hyphen."))
        return told


class ArrivingField(forms.FileField):
    """A file that was taken in before the form is looked at: there is nothing left of it to clean."""

    def clean(self, data: Any, initial: Any = None) -> None:
        return None


class UploadForm(forms.Form):
    """
    `end` stands after the file in what the browser sends: without it the connection broke off on the way. The file
    itself was taken in before this form is looked at.
    """

    file = ArrivingField(
        label=gettext_lazy("The file"),
        help_text=gettext_lazy("A .tar, .tar.gz or .tar.zst, or a Home Assistant backup that is not encrypted."),
    )
    end = forms.CharField(required=False, widget=forms.HiddenInput, initial="1")

    def __init__(self, *args: Any, arrived: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.arrived = arrived
        self.why: Mapping[str, Any] = {}

    def refuse(self, why: Mapping[str, Any]) -> None:
        self.why = why

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        if self.why:
            self.add_error("file", say(self.why))
        elif not told.get("end"):
            self.add_error("file", say({"code": "broken-off"}))
        elif not self.arrived:
            self.add_error("file", _("Choose a file."))
        return told


class RootForm(forms.Form):
    """Which of the folders that were found is the root of the volume."""

    root = forms.CharField(required=False, strip=False)

    def __init__(self, *args: Any, roots: Sequence[Mapping[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.roots = [str(each["root"]) for each in roots]

    def clean_root(self) -> str:
        root = self.data.get("root")
        if root not in self.roots:
            raise forms.ValidationError(_("Choose one of the folders."))
        return str(root)


def no_claim(claim: ClaimRef, near: Sequence[str]) -> str:
    told = _("There is no claim %(claim)s in the cluster, as it was last seen.") % {"claim": claim}
    return f"{told} {_('Of a name like it: %(names)s.') % {'names': ', '.join(near)}}" if near else told


def named(value: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(value):
        raise forms.ValidationError(_("A name in Kubernetes is made of a–z, 0–9 and hyphens."))
    return value
