"""JSON-LD contexts that are understood without being fetched: the words of DCAT as the standards bind them."""

from typing import Any

PREFIXES = {
    "adms": "http://www.w3.org/ns/adms#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "dcterms": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "locn": "http://www.w3.org/ns/locn#",
    "org": "http://www.w3.org/ns/org#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "http://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_IRIS = {
    "dcat": "accessURL downloadURL landingPage dataset catalog distribution service servesDataset contactPoint theme "
    "mediaType accessService inSeries seriesMember",
    "dct": "accessRights accrualPeriodicity conformsTo creator format language license publisher spatial temporal "
    "isPartOf hasPart",
    "foaf": "homepage primaryTopic",
    "vcard": "hasEmail",
    "spdx": "checksum algorithm",
    "hydra": "next first last nextPage",
}
_TEXTS = {
    "dcat": "keyword startDate endDate byteSize version",
    "dct": "title description identifier issued modified",
    "foaf": "name mbox",
    "vcard": "fn",
    "skos": "prefLabel",
    "rdfs": "label",
    "spdx": "checksumValue",
    "hydra": "totalItems",
}
_CLASSES = {
    "dcat": "Catalog CatalogRecord Dataset DatasetSeries DataService Distribution",
    "foaf": "Agent Organization",
    "vcard": "Kind Contact",
    "dct": "PeriodOfTime Location LicenseDocument MediaTypeOrExtent",
    "skos": "Concept",
    "spdx": "Checksum",
}


def _bound(words: dict[str, str], kind: dict[str, str]) -> dict[str, Any]:
    terms = ((prefix, word) for prefix, listed in words.items() for word in listed.split())
    return {word: {"@id": f"{PREFIXES[prefix]}{word}", **kind} for prefix, word in terms}


DCAT: dict[str, Any] = {
    **PREFIXES,
    **_bound(_IRIS, {"@type": "@id"}),
    **_bound(_TEXTS, {}),
    **_bound(_CLASSES, {}),
    "issued": {"@id": f"{PREFIXES['dct']}issued"},
    "record": {"@id": f"{PREFIXES['dcat']}record", "@type": "@id"},
    "id": "@id",
    "type": "@type",
    "graph": "@graph",
}
"""One context for all profiles of DCAT (W3C DCAT 3, DCAT-AP 2 and 3, DCAT-US): the terms that are read here."""

_KNOWN = (
    "www.w3.org/ns/dcat",
    "www.w3.org/ns/hydra/",
    "semiceu.github.io/DCAT-AP/",
    "semiceu.github.io/dcat-ap/",
    "raw.githubusercontent.com/SEMICeu/DCAT-AP/",
    "data.europa.eu/r5r",
    "project-open-data.cio.gov/v1.1/schema/catalog.json",
    "resources.data.gov/",
    "raw.githubusercontent.com/GSA/dcat-us/",
    "raw.githubusercontent.com/DOI-DO/dcat-us/",
)


def bundled(address: str) -> dict[str, Any] | None:
    """The context that is meant by an address; None for one that is not known."""
    plain = address.partition("://")[2]
    return DCAT if plain.startswith(_KNOWN) else None
