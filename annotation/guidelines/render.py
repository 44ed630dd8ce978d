"""Markdown to HTML for pages: a handful of elements, every text and address escaped, raw HTML shown as text."""

from collections.abc import Callable

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

# A line end stays one: most guidelines are pasted from plain text.
_PARSER = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table")
_TOP_HEADING = 3  # the pages have their own h1 and h2
_ELEMENTS = {
    "paragraph": "p",
    "em": "em",
    "strong": "strong",
    "bullet_list": "ul",
    "list_item": "li",
    "blockquote": "blockquote",
    "table": "table",
    "thead": "thead",
    "tbody": "tbody",
    "tr": "tr",
    "th": "th",
    "td": "td",
}


Address = Callable[[str], str]  # of a picture in the text: where our pages get it from, "" for nowhere


def render_markdown(text: str, address: Address = lambda source: "") -> SafeString:
    """The text as HTML. Links open in a new tab; a picture without an address gives its words."""
    return _html(SyntaxTreeNode(_PARSER.parse(text)), address)


def _html(node: SyntaxTreeNode, address: Address) -> SafeString:
    inner = format_html_join("", "{}", ((_html(child, address),) for child in node.children))
    match node.type:
        case "image" if source := address(str(node.attrs.get("src", ""))):
            return format_html('<img src="{}" alt="{}">', source, node.content)
        case "root" | "inline":
            return inner
        case "paragraph" if node.hidden:  # in a tight list
            return inner
        case "heading":
            level = min(int(node.tag[1]) + _TOP_HEADING - 1, 6)
            return format_html("<h{0}>{1}</h{0}>", level, inner)
        case "ordered_list":
            return format_html('<ol start="{}">{}</ol>', node.attrs.get("start", 1), inner)
        case "link":
            link = '<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>'
            return format_html(link, node.attrs.get("href", ""), inner)
        case "code_inline":
            return format_html("<code>{}</code>", node.content)
        case "code_block" | "fence":
            return format_html("<pre>{}</pre>", node.content)
        case "softbreak" | "hardbreak":
            return format_html("<{}>", "br")
        case "hr":
            return format_html("<{}>", "hr")
        case kind if kind in _ELEMENTS:
            return format_html("<{0}>{1}</{0}>", _ELEMENTS[kind], inner)
    return format_html("{}", node.content)
