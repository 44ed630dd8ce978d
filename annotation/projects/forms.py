"""What people send: projects, invitations, accounts and the filters of the video list."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotation.models import MediaState, Project, Role, T2VModel, User
from annotation.models.project import MIN_BLIND_PERCENT
from annotation.projects.find_videos import SHOW


class SettingsForm(forms.ModelForm):
    """What a lead may change. Arm shares are checked here in words, and in the database."""

    class Meta:
        model = Project
        fields = [
            "name",
            "guidelines",
            "overlap",
            "prefill_percent",
            "blind_percent",
            "order",
            "lease_minutes",
        ]
        labels = {
            "name": _("Name"),
            "guidelines": _("Guidelines for raters"),
            "overlap": _("Ratings per video (overlap)"),
            "prefill_percent": _("Pre-filled, %"),
            "blind_percent": _("Blind, %"),
            "order": _("Order of the queue"),
            "lease_minutes": _("Minutes an opened video is kept"),
        }
        help_texts = {
            "guidelines": _("One key (G) away while rating."),
            "overlap": _("How many raters score each video. Agreement needs at least 2."),
            "lease_minutes": _("Without a sign of life from its rater it then goes to somebody else."),
        }
        widgets = {"guidelines": forms.Textarea(attrs={"rows": 6})}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        prefill, blind = data.get("prefill_percent"), data.get("blind_percent")
        if prefill is None or blind is None:
            return data
        if prefill + blind != 100:
            self.add_error(
                "blind_percent", gettext("The two shares add up to %d, not to 100.") % (prefill + blind)
            )
        elif prefill and blind < MIN_BLIND_PERCENT:
            self.add_error(
                "blind_percent",
                gettext("While anything is pre-filled, at least %d %% must stay blind.") % MIN_BLIND_PERCENT,
            )
        return data


class ProjectForm(SettingsForm):
    """A new project. Its address comes from the name when left empty."""

    class Meta(SettingsForm.Meta):
        fields = ["name", "slug", "overlap", "prefill_percent", "blind_percent", "order"]
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
        required=False, label=_("Email"), help_text=_("A note for you to tell the links apart. Nothing is sent.")
    )


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)


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
