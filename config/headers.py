"""The one header of every answer that Django and its packages do not set."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# Devices that no page here asks for, so that nothing that got into one can ask either.
REFUSED = ("camera", "display-capture", "geolocation", "microphone", "midi", "payment", "serial", "usb")
POLICY = ", ".join(f"{device}=()" for device in REFUSED)


class PermissionsPolicy:
    """Middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response["Permissions-Policy"] = POLICY
        return response
