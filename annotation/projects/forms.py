"""What people send: projects, invitations, accounts and the filters of the video list."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotation.models import Arm, MediaState, Membership, Project, Role, T2VModel, User
from annotation.models.project import MIN_BLIND_PERCENT
from annotation.projects.find_videos import SHOW


class SettingsForm(forms.ModelForm):
    """What a lead may change. Arm shares are checked here in words, and in the database."""

    class Meta:
        model = Project
        fields = [
            "name",
            "overlap",
            "prefill_percent",
            "reveal_percent",
            "blind_percent",
            "order",
            "lease_minutes",
            "requires_full_play",
            "audit_percent",
        ]
        labels = {
            "name": _("Name"),
            "overlap": _("Ratings per video (overlap)"),
            "prefill_percent": _("Pre-filled, %"),
            "reveal_percent": _("Revealed after, %"),
            "blind_percent": _("Blind, %"),
            "order": _("Order of the queue"),
            "lease_minutes": _("Minutes an opened video is kept"),
            "requires_full_play": _("Submit only after the video was played in full at normal speed or slower"),
            "audit_percent": _("Reviewed at random, %"),
        }
        help_texts = {
            "overlap": _("How many raters score each video. Agreement needs at least 2."),
            "lease_minutes": _("Without a sign of life from its rater it then goes to somebody else."),
            "audit_percent": _("So many of the rated videos go to a reviewer without any other cause."),
        }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        shares = {arm: data[f"{arm}_percent"] for arm in Arm if f"{arm}_percent" in data}
        if len(shares) < len(Arm):
            return data
        total = sum(shares.values())
        if total != 100:
            self.add_error("blind_percent", gettext("The three shares add up to %d, not to 100.") % total)
        elif shares[Arm.PREFILL] and shares[Arm.BLIND] < MIN_BLIND_PERCENT:
            self.add_error(
                "blind_percent",
                gettext("While anything is pre-filled, at least %d %% must stay blind.") % MIN_BLIND_PERCENT,
            )
        return data


class ProjectForm(SettingsForm):
    """A new project. Its address comes from the name when left empty."""

    class Meta(SettingsForm.Meta):
        fields = [
            "name",
            "slug",
            "overlap",
            *(f"{arm}_percent" for arm in Arm.values),
            "order",
            "requires_full_play",
            "audit_percent",
        ]
        labels = SettingsForm.Meta.labels | {"slug": _("Address")}
        help_texts = SettingsForm.Meta.help_texts | {
            "slug": _("Small letters, digits and hyphens; made from the name when left empty. It stays as it is.")
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["slug"].required = False

    def clean_slug(self) -> str:
        slug = self.cleaned_data["slug"] or slugify(self.cleaned_data.get("name", ""))[:80]
        if not slug:
            raise ValidationError(gettext("Give an address: the name has no letters that one could be made of."))
        if Project.objects.filter(slug=slug).exists():
            raise ValidationError(gettext("There is a project at the address “%s” already.") % slug)
        return slug


class InviteForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices, initial=Role.RATER, label=_("Role"))
    email = forms.EmailField(
        required=False,
        label=_("Email"),
        help_text=_(
            "A note for you to tell the links apart; nothing is sent. Where people log in with their "
            "organisation, whoever has this address there needs no link."
        ),
    )


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)


class CapForm(forms.Form):
    """Videos a day; empty for no limit."""

    daily_cap = forms.IntegerField(required=False, min_value=1, max_value=9_999)


class GiveForm(forms.Form):
    """Whom a seat is handed to."""

    member = forms.ModelChoiceField(queryset=Membership.objects.none())

    def __init__(self, data: Any, *, project: Project) -> None:
        super().__init__(data)
        people = Membership.objects.filter(project=project).select_related("user")
        self.fields["member"] = forms.ModelChoiceField(queryset=people)


class AccountForm(forms.Form):
    """A new account, made by accepting an invitation."""

    username = forms.CharField(
        max_length=150,
        label=_("Username"),
        validators=[User.username_validator],
        widget=forms.TextInput(attrs={"autocomplete": "username"}),
        help_text=_("Leads see it beside your ratings."),
    )
    email = forms.EmailField(label=_("Email"), widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    password = forms.CharField(
        label=_("Password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters."),
    )

    def clean_username(self) -> str:
        username = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=username).exists():
            raise ValidationError(gettext("This username is taken."))
        return username

    def clean_email(self) -> str:
        email = User.objects.normalize_email(self.cleaned_data["email"])
        if User.objects.filter(email__iexact=email).exists():
            raise ValidationError(gettext("There is an account with this address: log in with it, then join."))
        return email

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("password"):
            stranger = User(username=data.get("username", ""), email=data.get("email", ""))
            try:
                validate_password(data["password"], stranger)
            except ValidationError as error:
                self.add_error("password", error)
        return data


class VideoFilterForm(forms.Form):
    """The filters of the video list: nothing but these reaches a query."""

    text = forms.CharField(required=False, max_length=200, label=_("Name or prompt"))
    state = forms.ChoiceField(required=False, label=_("File"))
    t2v_model = forms.ModelChoiceField(
        queryset=T2VModel.objects.none(), required=False, label=_("T2V model"), empty_label=_("Any")
    )
    show = forms.ChoiceField(required=False, label=_("Show"))

    def __init__(self, data: Any, *, project: Project) -> None:
        super().__init__(data)
        self.fields["state"] = forms.ChoiceField(
            required=False, label=_("File"), choices=[("", _("Any")), *MediaState.choices]
        )
        self.fields["show"] = forms.ChoiceField(
            required=False, label=_("Show"), choices=[("", _("All")), *SHOW.items()]
        )
        self.fields["t2v_model"] = forms.ModelChoiceField(
            queryset=T2VModel.objects.filter(project=project),
            required=False,
            label=_("T2V model"),
            empty_label=_("Any"),
        )

    def wanted(self) -> dict[str, Any]:
        """Keyword arguments of `find`; what is not on the lists is left out."""
        self.is_valid()
        chosen = {key: value for key, value in self.cleaned_data.items() if value}
        if "t2v_model" in chosen:
            chosen["t2v_model"] = chosen["t2v_model"].pk
        return chosen
