"""The page's CSP nonce under the name that django-htmx and our templates know."""

from django.http import HttpRequest


def nonce(request: HttpRequest) -> dict[str, object]:
    return {"csp_nonce": getattr(request, "csp_nonce", "")}
