"""Everybody wants one of the last seats at once."""

from collections import Counter

from django.urls import reverse

from annotation.models import Draft, Seat
from tests.faults.raters import Rater, ask, cookies_of
from tests.faults.site import Site
from tests.make import make_member
from tests.rating import in_threads

DONE = "50 people ask gunicorn for the next video at the same moment, in threads of their own; there are 10 seats."


def run(site: Site) -> str:
    project = site.project_to_rate(videos=5, overlap=2)
    web = site.web()
    raters = [Rater(web.port, project, number) for number in range(50)]
    address = reverse("rate-next", args=[project.slug])
    told = in_threads(lambda rater: ask(web.port, "GET", address, cookies=rater.cookies)[0], raters)
    assert Counter(told) == {200: 10, 204: 40}, Counter(map(str, told))
    seats = Seat.objects.exclude(holder=None)
    assert len(set(seats.values_list("holder", flat=True))) == len(seats) == 10
    assert Draft.objects.count() == 10
    for rater, answer in zip(raters, told, strict=True):
        if answer == 200:
            rater.start()
    count = site.acknowledge([rater for rater in raters if rater.ident])
    assert count == 10
    late = ask(web.port, "GET", address, cookies=cookies_of(make_member(project)))[0]
    assert late == 204
    return f"10 got a video, 40 were told that there is none; {count} ratings, none extra."
