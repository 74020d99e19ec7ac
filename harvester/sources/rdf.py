"""RDF from strangers to a graph in memory: nothing is fetched, a syntax error refuses the whole document.

Written so that one mistake of a publisher costs no record: spaces in IRIs, unfit language tags and rdf:IDs are mended
before rdflib sees them, for it would drop the record, or the file.
"""

import json
import logging
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from xml.sax import SAXException

from lxml import etree

from harvester.errors import SourceChanged
from harvester.i18n import Text, say
from harvester.model import Place
from harvester.sources.contexts import bundled
from harvester.sources.descriptors import read_json

if TYPE_CHECKING:
    from rdflib import Graph

ACCEPT = (
    "application/ld+json, text/turtle;q=0.9, application/rdf+xml;q=0.8, application/n-triples;q=0.7, "
    "application/json;q=0.5, */*;q=0.1"
)
BYTES = 128 * 2**20  # in memory it becomes some twenty times as much
_MEDIA_TYPES = {
    "application/ld+json": "json-ld",
    "text/turtle": "turtle",
    "application/x-turtle": "turtle",
    "application/rdf+xml": "xml",
    "application/n-triples": "turtle",
}
_ENDINGS = {"jsonld": "json-ld", "json": "json-ld", "ttl": "turtle", "rdf": "xml", "xml": "xml", "nt": "turtle"}
_LANGUAGE = re.compile("[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_NAME = re.compile(r"[^\W\d][\w.-]*")
_RDF_ID = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}ID"
_RDF_IRIS = tuple(f"{{http://www.w3.org/1999/02/22-rdf-syntax-ns#}}{name}" for name in ("about", "resource"))
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_IRI_KEYS = ("@id", "id")


def syntax(content: bytes, media_type: str, name: str) -> str:
    """Which syntax a document is written in, by what the server says, its ending, its first bytes; "" if none."""
    start = content[:2000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if media_type in _MEDIA_TYPES:
        return _MEDIA_TYPES[media_type]
    if re.match(rb"(<!--.*?-->\s*)*<(!doctype html|html|head|body)\b", start, re.IGNORECASE | re.DOTALL):
        return ""
    if start[:1] in (b"{", b"["):
        return "json-ld"
    if start.startswith((b"<?xml", b"<rdf:", b"<!")):
        return "xml"
    return _ENDINGS.get(name.rpartition(".")[2].lower(), "turtle" if _looks_like_turtle(start) else "")


def graph_of(content: bytes, written: str, file: str, base: str) -> "Graph":
    """The graph a document writes. Raises SourceChanged for broken syntax, entities, contexts that are not known."""
    from rdflib import Graph
    from rdflib.exceptions import ParserError
    from rdflib.plugins.parsers.notation3 import BadSyntax

    logging.getLogger("rdflib").setLevel(logging.CRITICAL)  # it logs a traceback for every day that is none
    if written == "json-ld":
        data = json.dumps(_mended(_in_the_open(_localised(read_json(content, file, BYTES), file)))).encode()
    else:
        data = _mended_xml(content, file) if written == "xml" else content
    graph = Graph()
    try:
        graph.parse(data=data, format=written, publicID=base)
    except BadSyntax as error:
        raise _refused(file, say("its Turtle breaks here"), int(error.lines) + 1) from error
    except (ParserError, SAXException) as error:
        raise _refused(file, say("its RDF breaks the rules of the language")) from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, AssertionError, RecursionError) as error:
        raise _refused(file, say("its RDF cannot be read")) from error  # rdflib's parsers do not say it better
    return graph


def _looks_like_turtle(start: bytes) -> bool:
    return re.match(rb"(#[^\n]*\s*)*(@prefix|@base|prefix|base|<|_:)", start, re.IGNORECASE) is not None


def _localised(value: Any, file: str) -> Any:
    """JSON-LD with every context put in its place; one that is not known refuses the file."""
    if isinstance(value, list):
        return [_localised(part, file) for part in value]
    if not isinstance(value, dict):
        return value
    if "@import" in value:
        raise _refused(file, say("its context refers to another one (@import)"))
    return {key: _context(part, file) if key == "@context" else _localised(part, file) for key, part in value.items()}


def _context(value: Any, file: str) -> Any:
    if isinstance(value, list):
        return [_context(part, file) for part in value]
    if isinstance(value, str):
        found = bundled(value)
        if found is None:
            raise _refused(file, say("its JSON-LD context {address} is not known", address=value[:200]))
        return found
    return _localised(value, file)


def _in_the_open(value: Any) -> Any:
    """A document that is one named graph, as the graph it names."""
    if isinstance(value, dict) and "@graph" in value and not value.keys() - {"@context", "@graph", "@id", "@type"}:
        return {key: part for key, part in value.items() if key in ("@context", "@graph")}
    return value


def _mended(value: Any) -> Any:
    """JSON-LD in which an unfit identifier or language costs no more than itself."""
    if isinstance(value, list):
        return [_mended(part) for part in value]
    if not isinstance(value, dict):
        return value
    found = {key: _mended(part) for key, part in value.items()}
    for key in _IRI_KEYS:
        if isinstance(found.get(key), str):
            found[key] = iri(found[key])
    if "@id" in found and not isinstance(found["@id"], str):
        del found["@id"]
    if "@language" in found and not (isinstance(found["@language"], str) and _LANGUAGE.fullmatch(found["@language"])):
        del found["@language"]
    return _without_nonsense(found)


def _without_nonsense(found: Mapping[str, Any]) -> dict[str, Any]:
    """Without a type that is no text, and with a value that is one."""
    kept = dict(found)
    kinds = kept.get("@type")
    if kinds is not None and not isinstance(kinds, str | dict):
        kept["@type"] = [kind for kind in kinds if isinstance(kind, str)] if isinstance(kinds, list) else []
    if "@value" in kept and isinstance(kept["@value"], dict | list):
        kept["@value"] = json.dumps(kept["@value"], ensure_ascii=False)
    return kept


def _mended_xml(content: bytes, file: str) -> bytes:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        tree = etree.fromstring(content, parser).getroottree()
    except etree.XMLSyntaxError as error:
        raise _refused(file, say("its XML breaks here"), error.lineno) from error
    if getattr(tree.docinfo, "doctype", ""):
        raise _refused(file, say("it has a DOCTYPE, which could hide entities"))
    for element in tree.iter(etree.Element):
        _mend(element)
    return etree.tostring(tree, encoding="utf-8")


def _mend(element: etree._Element) -> None:
    written = element.attrib.get(_RDF_ID)
    if written is not None and not _NAME.fullmatch(str(written)):
        del element.attrib[_RDF_ID]
        element.attrib[_RDF_IRIS[0]] = iri("#" + str(written))
    for name in _RDF_IRIS:
        if name in element.attrib:
            element.attrib[name] = iri(str(element.attrib[name]))
    language = element.attrib.get(_XML_LANG)
    if language and not _LANGUAGE.fullmatch(str(language)):
        del element.attrib[_XML_LANG]


def iri(written: str) -> str:
    """`written` with what no IRI may hold escaped: spaces, quotes, brackets, back-slashes."""
    return re.sub(r'[\s<>"{}|\\^`\x00-\x1f]', lambda found: quote(found[0]), written.strip())


def _refused(file: str, why: Text, line: int | None = None) -> SourceChanged:
    where = say("{file}, line {line}", file=file, line=line) if line else say("{file}", file=file)
    return SourceChanged(
        "KND-020",
        say("{where}: {why}.", where=where, why=why),
        say("Whoever publishes the catalogue must correct it; nothing is taken out of half a file."),
        Place(file, row=line).to_json(),
    )
