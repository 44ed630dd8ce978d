"""Parts of a page that say the same to everybody."""

from typing import Any

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token, token_kwargs
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()

MOST = 500  # kept of one part


@register.tag
def once(parser: Parser, token: Token) -> "Once":
    """`{% once %}…{% endonce %}` or `{% once score=card.shown %}…{% endonce %}`: written once per process,
    language and these values. It sees nothing but the values, so nothing of a person can get in and be kept.

    Rendering what never changes is most of a page's cost, and the rating room renders one for every video.
    """
    bits = token.split_contents()[1:]
    values = token_kwargs(bits, parser)
    if bits:
        raise template.TemplateSyntaxError(f"once takes name=value only, not {' '.join(bits)}")
    nodes = parser.parse(["endonce"])
    parser.delete_first_token()
    return Once(nodes, values)


class Once(template.Node):
    def __init__(self, nodelist: NodeList, values: dict[str, FilterExpression]) -> None:
        self.nodelist, self.values = nodelist, values
        self.kept: dict[tuple[Any, ...], SafeString] = {}

    def render(self, context: template.Context) -> SafeString:
        values = [value.resolve(context) for value in self.values.values()]
        key = (get_language(), *values)
        written = self.kept.get(key)  # another thread may clear what is kept at any time
        if written is None:
            if len(self.kept) >= MOST:
                self.kept.clear()
            alone = context.new(dict(zip(self.values, values, strict=True)))
            written = self.kept[key] = self.nodelist.render(alone)
        return written
