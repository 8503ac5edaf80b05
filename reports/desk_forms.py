"""Forms of the desk: one for each step, with the fields that the table of steps names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from authorities.models import Approval, Body, BodyKind, Category, Membership, ReturnReason
from gis.bbox import parse_point
from gis.errors import PlaceError
from reports.case_models import Part
from reports.codes import normalised
from reports.masking import find
from reports.media import PhotoRefused, PreparedPhoto, prepare_photo
from reports.models import MAX_QUESTION, Note, Photo, Reply, Report
from reports.pieces import LongSelect
from reports.proof_forms import proof_fields, proof_said
from reports.querysets import coordinated_by
from reports.services import Words, needs_proof, waiting_draft
from reports.services.filing import MAX_DESCRIPTION
from reports.services.other_bodies import MOST_DAYS
from reports.templates import filled, templates_for
from reports.tidy_field import TidyField
from reports.workflow import HANDLERS, Status, Step

if TYPE_CHECKING:
    from django.db.models import QuerySet

# What a step does, said beside its button
HINTS: dict[str, str | Promise] = {
    "accept": gettext_lazy("Your body takes the report on, and you are in charge of it."),
    "charge": gettext_lazy("Somebody of your body handles it, and finds it under “My work”."),
    "ask": gettext_lazy("Only the reporter sees the question and the answer. The report waits meanwhile."),
    "duplicate": gettext_lazy("Another report is about the same matter: this one ends, and points to the other."),
    "undo": gettext_lazy("Everything is as before your last step; both stay in the history."),
    "survey": gettext_lazy("Somebody goes to look. The reporter is told."),
    "work": gettext_lazy("The work on the spot begins. The reporter is told."),
    "publish_reply": gettext_lazy("The reporter gets it, and everybody can read it if the report is public."),
    "send_back": gettext_lazy("The body reads your note and drafts anew. The reporter is not told."),
    "return": gettext_lazy("Out of scope, or nothing that can be worked on: with the reason and the right channel."),
    "to_triage": gettext_lazy("Not yours? The coordinator finds the right body."),
    "recategorise": gettext_lazy("The report may go to another body: the rules are asked again."),
    "assign": gettext_lazy("The body gets it as new; the one that has it now can still read it."),
    "transfer": gettext_lazy(
        "The other body takes it over or refuses with a reason. Until then it stays with you, and you are answerable for it."
    ),
    "withdraw_transfer": gettext_lazy("The other body is no longer asked."),
    "accept_transfer": gettext_lazy("Your body is responsible from now on, and you are in charge of it. The reporter is told."),
    "refuse_transfer": gettext_lazy("It stays with the body that offered it, which reads your reason."),
    "ask_help": gettext_lazy("Another body does a part of the work; you stay responsible, and write the reply."),
    "drop_part": gettext_lazy("What you asked of another body is not needed any more."),
    "answer_part": gettext_lazy("What your body did or found goes to the body that asked. The reporter is not told."),
    "relocate": gettext_lazy("Over a border it goes to the body there. What was filed stays in the history."),
    "split": gettext_lazy("The second problem becomes a report of its own, for the same reporter; the rules say whose it is."),
    "show": gettext_lazy("Everybody can see the report on the map, without contact and notes."),
    "hide": gettext_lazy("Only the reporter and those who work on it see the report."),
    "note": gettext_lazy("For those who work on the report; never public."),
    "reopen": gettext_lazy("Not settled after all: back to the body that answered, with a new due date."),
}
# To whom the words of a field go
NOTE_LABELS: dict[str, str | Promise] = {
    "send_back": gettext_lazy("What should be changed?"),
    "to_triage": gettext_lazy("Why is it not yours, and whose might it be?"),
    "transfer": gettext_lazy("Why is it theirs?"),
    "refuse_transfer": gettext_lazy("Why is it not yours, and whose might it be?"),
    "hide": gettext_lazy("Why may it not be seen by all?"),
    "reopen": gettext_lazy("What is not settled?"),
}
PUBLISHED_BY: dict[str, str | Promise] = {
    Approval.PORTAL: gettext_lazy("What was done, in plain words. The Portal reads it before it is published."),
    Approval.HEAD: gettext_lazy("What was done, in plain words. Your head reads it before it is published."),
    Approval.NOBODY: gettext_lazy("What was done, in plain words. Your body publishes it at once."),
}


class ReportField(forms.CharField):
    """The code of a report that somebody may see, as people type codes."""

    def __init__(self, user: User, **more: Any) -> None:
        super().__init__(error_messages={"required": _("Write the code of the other report.")}, **more)
        self.user = user

    def clean(self, value: Any) -> Any:
        """The report."""
        code = normalised(super().clean(value)) or ""
        found = Report.objects.public_or_visible_to(self.user).filter(code=code).select_related("category", "duplicate_of").first()
        if found is None:
            raise ValidationError(_("No report that you may see has this code."))
        return found


class SpotField(forms.CharField):
    """A position as people type it: latitude, longitude."""

    def clean(self, value: Any) -> Any:
        """The point (WGS 84)."""
        lat, _comma, lon = super().clean(value).partition(",")
        try:
            return parse_point(lat.strip(), lon.strip())
        except PlaceError as error:
            raise ValidationError(str(error)) from None


class PhotosField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Photos of the report, by their number."""

    def label_from_instance(self, obj: Photo) -> str:
        """What stands beside the box."""
        return _("Photo %(number)d") % {"number": obj.position + 1}


class StepForm(forms.Form):
    """What has to be said with one step on one report; `version` is that of the page on which it was written."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)

    def __init__(self, data: Any = None, *, files: Any = None, step: Step, report: Report, user: User) -> None:
        super().__init__(data, files, auto_id=f"{step.name}_%s", initial={"version": report.version})
        self.step, self.report, self.user = step, report, user
        self.proves = "proof" in step.may and needs_proof(report, waiting_draft(report) if step.name == "publish_reply" else None)
        for name in (*step.needs, *(step.may if step.needs else ())):
            if name == "proof":
                self.fields |= proof_fields(report) if self.proves else {}
                continue
            self.fields[name] = getattr(self, f"_{name}_field")()
            self.fields[name].required = name in step.needs and not (name == "reply" and "reason" in step.needs)
        if step.name == "draft_reply" and (parts := list(report.parts.filter(outcome=Part.Outcome.OPEN).select_related("body"))):
            self.fields["without_parts"] = self._without_parts_field(parts)
        if "reply" in self.fields and (personal := self._personal_in(self.data.get("reply", ""))):
            self.fields["personal"] = self._personal_field(personal)
            self.order_fields(["version", "reason", "reply", "personal", "without_parts"])

    @property
    def label(self) -> str | Promise:
        """The name of the step, as its button says it; a body that publishes itself does not draft."""
        if self.step.name == "draft_reply" and self.report.authority.publishes_itself:
            return _("Reply")
        return self.step.label

    @property
    def action(self) -> str | Promise:
        """What the button under the fields says: what happens when it is pressed."""
        if self.step.name == "draft_reply":
            return _("Publish") if self.report.authority.publishes_itself else _("Send for approval")
        return self.label

    @property
    def hint(self) -> str | Promise:
        """What the step does."""
        if self.step.name == "draft_reply":
            return PUBLISHED_BY[self.report.authority.approval]
        return HINTS.get(self.step.name, "")

    @property
    def is_primary(self) -> bool:
        """Whether this is what the state asks for; what waits for a coordinator, waits for a body."""
        return self.step.primary or (self.step.name == "assign" and self.report.status == Status.TRIAGE)

    @property
    def asks_nothing(self) -> bool:
        """Whether a press of the button is all."""
        return not self.step.needs

    @property
    def typed(self) -> list[tuple[str, str]]:
        """Texts that somebody typed, by the label of their field: never to be lost, whatever became of the step."""
        texts = ((name, self.data.get(name, "").strip()) for name in ("reply", "question", "task", "result", "description", "note"))
        return [(str(self.fields[name].label) if name in self.fields else name, text) for name, text in texts if text]

    def clean(self) -> dict[str, Any]:
        """Where the reason of a return is chosen and nothing is written, the text of the reason stands in."""
        said = super().clean() or {}
        if "reason" in self.step.needs and said.get("reason") and not said.get("reply") and "reply" not in self.errors:
            said["reply"] = return_text(said["reason"], self.report.language)
        return said

    def words(self) -> Words:
        """What was said, for the service."""
        said = {name: value for name, value in self.cleaned_data.items() if name not in ("version", "personal", "without_parts")}
        return Words(**(proof_said(said) if self.proves else said))

    def clean_after(self) -> tuple[PreparedPhoto, ...]:
        """The photos of the spot after the work, checked by their content."""
        try:
            return tuple(prepare_photo(file) for file in self.cleaned_data["after"])
        except PhotoRefused as error:
            raise ValidationError(str(error)) from None

    def refuse(self, error: ValidationError) -> None:
        """Puts what the service refused beside the fields."""
        for name, sentences in error.message_dict.items():
            self.add_error(name if name in self.fields else None, list(sentences))

    # --- fields, by the words that the table knows ---------------------------------------------------------------------

    def _reply_field(self) -> forms.Field:
        most = Reply._meta.get_field("text").max_length
        draft = waiting_draft(self.report) if self.step.name in {"draft_reply", "publish_reply"} else None
        return TidyField(
            label=_("Reply to the reporter"),
            max_length=most,
            initial=draft.text if draft else "",
            widget=forms.Textarea(attrs={"rows": 8, "maxlength": most}),
            error_messages={"required": _("Write the reply.")},
        )

    def _personal_in(self, reply: str) -> list[str]:
        """What in a reply looks like somebody's number or address; not the body's own."""
        body = self.report.authority
        return [reply[span.start : span.end] for span in find(reply, allowed=(body.hotline, body.email))]

    def _personal_field(self, personal: list[str]) -> forms.Field:
        """A question that is asked once more where a reply holds personal data: only the reporter gets them, everybody else reads them masked."""
        what = ", ".join(personal[:5])
        return forms.BooleanField(
            label=_("Send it all the same: the reporter needs it"),
            help_text=_("Only the reporter will read it; for everybody else it is masked."),
            error_messages={"required": _("The reply holds personal data: %(what)s. Take it out, or confirm below.") % {"what": what}},
        )

    def _without_parts_field(self, parts: list[Part]) -> forms.Field:
        """A question where other bodies have not answered what they were asked."""
        who = ", ".join(part.body.name for part in parts)
        return forms.BooleanField(
            label=_("Write the reply without the part of %(who)s, which is not answered yet") % {"who": who},
            error_messages={"required": _("Not answered yet: the part of %(who)s. Wait for it, or confirm below.") % {"who": who}},
        )

    def _note_field(self) -> forms.Field:
        most = Note._meta.get_field("text").max_length
        needed = "note" in self.step.needs
        return TidyField(
            label=str(NOTE_LABELS.get(self.step.name, _("Note")) if needed else _("Internal note")),
            max_length=most,
            widget=forms.Textarea(attrs={"rows": 3, "maxlength": most}),
            error_messages={"required": _("Write a few words.")},
        )

    def _question_field(self) -> forms.Field:
        return TidyField(
            label=_("Question to the reporter"),
            max_length=MAX_QUESTION,
            widget=forms.Textarea(attrs={"rows": 4, "maxlength": MAX_QUESTION}),
            error_messages={"required": _("Write the question.")},
        )

    def _officer_field(self) -> forms.Field:
        people = handlers_of(self.report.authority).exclude(reports=self.report)
        return forms.ModelChoiceField(
            people, label=_("Person in charge"), empty_label=_("Choose a person"), error_messages={"required": _("Choose a person.")}
        )

    def _task_field(self) -> forms.Field:
        return TidyField(
            label=_("What shall it do?"),
            max_length=MAX_QUESTION,
            widget=forms.Textarea(attrs={"rows": 3, "maxlength": MAX_QUESTION}),
            error_messages={"required": _("Write what is asked of the body.")},
        )

    def _days_field(self) -> forms.Field:
        return forms.IntegerField(label=_("Within how many working days?"), min_value=1, max_value=MOST_DAYS, initial=3)

    def _result_field(self) -> forms.Field:
        return TidyField(
            label=_("What was done, or found?"),
            max_length=MAX_QUESTION,
            widget=forms.Textarea(attrs={"rows": 4, "maxlength": MAX_QUESTION}),
            error_messages={"required": _("Write what was done.")},
        )

    def _part_field(self) -> forms.Field:
        return forms.ModelChoiceField(
            self.report.parts.filter(outcome=Part.Outcome.OPEN).select_related("body"),
            label=_("Part"),
            empty_label=_("Choose a part"),
            error_messages={"required": _("Choose a part.")},
        )

    def _spot_field(self) -> forms.Field:
        at = self.report.location
        return SpotField(
            label=_("Right position"),
            help_text=_("Latitude, longitude; or drag the pin on the map."),
            initial=f"{at.y:.6f}, {at.x:.6f}",
            max_length=60,
            widget=forms.TextInput(attrs={"inputmode": "text", "autocomplete": "off"}),
        )

    def _description_field(self) -> forms.Field:
        return TidyField(
            label=_("The second problem"),
            help_text=_("Only what the new report is about, in the reporter's words."),
            max_length=MAX_DESCRIPTION,
            initial=self.report.description,
            widget=forms.Textarea(attrs={"rows": 5, "maxlength": MAX_DESCRIPTION}),
            error_messages={"required": _("Write what the second problem is.")},
        )

    def _photos_field(self) -> forms.Field:
        photos = self.report.photos.filter(kind=Photo.Kind.REPORT)
        return PhotosField(photos, label=_("Photos that show it"), required=False, widget=forms.CheckboxSelectMultiple)

    def _original_field(self) -> forms.Field:
        return ReportField(self.user, label=_("Code of the other report"), max_length=20)

    def _reason_field(self) -> forms.Field:
        return forms.ModelChoiceField(
            ReturnReason.objects.all(),
            widget=LongSelect,
            label=_("Reason"),
            empty_label=_("Choose a reason"),
            error_messages={"required": _("Choose a reason.")},
        )

    def _category_field(self) -> forms.Field:
        fileable = Category.objects.fileable()
        return forms.ModelChoiceField(
            fileable if self.step.name == "split" else fileable.exclude(pk=self.report.category_id),
            widget=LongSelect,
            label=_("Category of the second problem") if self.step.name == "split" else _("Right category"),
            empty_label=_("Choose a category"),
            error_messages={"required": _("Choose a category.")},
        )

    def _body_field(self) -> forms.Field:
        if self.step.name == "assign":
            bodies = Body.objects.all() if self.user.is_superuser else coordinated_by(self.user)
        else:  # another body of the province, which can say yes or no
            bodies = Body.objects.of_the_province_of(self.report.authority).exclude(
                Q(kind=BodyKind.PORTAL) | Q(pk=self.report.authority_id)
            )
        possible = bodies.existing(timezone.localdate()).exclude(conflicts__report=self.report).order_by("kind", "name")
        label = _("Body that shall help") if self.step.name == "ask_help" else _("Body that shall have it")
        return forms.ModelChoiceField(
            possible, widget=LongSelect, label=label, empty_label=_("Choose a body"), error_messages={"required": _("Choose a body.")}
        )


def handlers_of(body: Body) -> QuerySet[User]:
    """Those who handle reports for a body today, by name."""
    held = Membership.objects.filter(body=body, role__in=HANDLERS, validity__contains=timezone.localdate())
    return User.objects.filter(pk__in=held.values("user"), is_active=True).order_by("full_name", "pk")


def template_texts(report: Report) -> list[dict[str, str]]:
    """The templates that fit a report, filled in: for a list beside the reply."""
    return [{"name": template.name, "text": filled(template, report)} for template in templates_for(report)]


def return_text(reason: ReturnReason, language: str) -> str:
    """The reply that goes with a reason for returning, in the reporter's language."""
    with translation.override(language):
        thanks = _("Thank you for your report. We cannot settle it through this channel: %(reason)s. %(channel)s")
        return thanks % {"reason": reason.label, "channel": reason.channel_text}


def return_texts(language: str) -> dict[str, str]:
    """The text of each reason, for filling in the reply as the reason is chosen."""
    return {str(reason.pk): return_text(reason, language) for reason in ReturnReason.objects.all()}
