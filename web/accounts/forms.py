"""allauth's forms with our labels, and without placeholders."""

from typing import Any

from allauth.account import forms
from django.utils.translation import gettext_lazy as _

from web.mail import mail_is_on

PASSWORD_HELP = _("Eight characters or more, and none that many people use.")
PASSWORD_HELP_WITHOUT_MAIL = _(
    "Eight characters or more, and none that many people use. Keep it well: only whoever runs this site can set "
    "a new one."
)
FORGOTTEN_WITHOUT_MAIL = _("Forgotten? Please ask whoever runs this site to set a new one.")


class Plain:
    """A mixin: our labels, without the colon after them, and no placeholders."""

    fields: dict[str, Any]
    labels = {
        "email": _("E-mail"),
        "oldpassword": _("Current password"),
        "password2": _("New password, again"),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        for name in self.labels.keys() & self.fields.keys():
            self.fields[name].label = self.labels[name]
        if "password1" in self.fields:
            self.fields["password1"].help_text = PASSWORD_HELP if mail_is_on() else PASSWORD_HELP_WITHOUT_MAIL
        for name in {"password", "oldpassword"} & self.fields.keys():
            # allauth's help is a link to the page that sends an e-mail.
            if self.fields[name].help_text and not mail_is_on():
                self.fields[name].help_text = FORGOTTEN_WITHOUT_MAIL
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class PlainNewPassword(Plain):
    """The same for forms that replace a password."""

    labels = Plain.labels | {"password1": _("New password")}


class LoginForm(Plain, forms.LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        login = self.fields["login"]
        login.label, login.max_length = _("Name or e-mail"), 254
        login.widget.attrs |= {"autocomplete": "username", "autocapitalize": "none", "maxlength": 254}


class SignupForm(Plain, forms.SignupForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("Name")
        self.fields["username"].widget.attrs["autocapitalize"] = "none"
        if not mail_is_on():
            del self.fields["email"]
            return
        self.fields["email"].label = _("E-mail, if you like")
        self.fields["email"].help_text = _("Only with one can a forgotten password be set anew.")


class AddEmailForm(Plain, forms.AddEmailForm):
    pass


class ChangePasswordForm(PlainNewPassword, forms.ChangePasswordForm):
    pass


class SetPasswordForm(PlainNewPassword, forms.SetPasswordForm):
    pass


class ResetPasswordForm(Plain, forms.ResetPasswordForm):
    pass


class ResetPasswordKeyForm(PlainNewPassword, forms.ResetPasswordKeyForm):
    pass


class ReauthenticateForm(Plain, forms.ReauthenticateForm):
    pass
