"""The rating room in a real browser."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_live(browse):
    from tests.make import make_user
    page = browse(make_user())
    page.goto("/static/annotation/icon.svg")
    assert page.evaluate("1+1") == 2
