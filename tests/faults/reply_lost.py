"""The reply to a submit is lost after the commit."""

from annotation.models import Rating
from tests.faults.proxy import LosingProxy
from tests.faults.site import Site

DONE = "A TCP proxy before gunicorn swallows half of the replies to submits of four raters; they send again with the same key."
RATERS, VIDEOS, OVERLAP = 4, 20, 2


def run(site: Site) -> str:
    project = site.project_to_rate(videos=VIDEOS, overlap=OVERLAP)
    web = site.web()
    proxy = LosingProxy(web.port, path=b"/submit/", loses=0.5)
    site.stack.callback(proxy.close)
    count = site.acknowledge(site.rate(project, proxy.port, RATERS))
    assert proxy.lost >= 10, f"only {proxy.lost} replies were lost"
    assert Rating.objects.count() == count == VIDEOS * OVERLAP
    return (
        f"{proxy.lost} replies lost; {count} acknowledged in the end, {count} stored, each once and as version 1."
    )
