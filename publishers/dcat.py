"""The portal's catalogues for machines: DCAT (JSON-LD) and DCAT-US (data.json).

Distributions are addressed by immutable version folders, so that any copy of a catalogue agrees with its checksums;
landing pages by the stable address. Without a base URL all addresses are relative to the portal's folder.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from publishers import Site
from publishers.metadata import Description, file_address, filled, is_link, notice, streamed

FREQUENCIES = (  # words as agencies write them, EU Publications Office code, ISO 8601 repeating duration (DCAT-US)
    (r"thời gian thực|liên tục|thường xuyên|continuous|real.?time", "CONT", "R/PT1S"),
    (r"ngày|daily", "DAILY", "R/P1D"),
    (r"tuần|weekly", "WEEKLY", "R/P1W"),
    (r"quý|\b0?3 tháng|quarter", "QUARTERLY", "R/P3M"),
    (r"\b0?6 tháng|nửa năm|\b0?2 lần/năm|semi-?annual|half.?year", "ANNUAL_2", "R/P6M"),
    (r"tháng|12 lần/năm|monthly", "MONTHLY", "R/P1M"),
    (r"năm|annual|yearly", "ANNUAL", "R/P1Y"),
    (r"thay đổi|phát sinh|đột xuất|không định kỳ|irregular|on change", "IRREG", "irregular"),
    (r"một lần|once|never", "NEVER", ""),
)
CONTEXT = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
EU = "http://publications.europa.eu/resource/authority"
IANA = "https://www.iana.org/assignments/media-types/"
POD = "https://project-open-data.cio.gov/v1.1/schema"


def dcat(site: Site, datasets: Iterable[Description], base: str) -> Iterator[bytes]:
    """The catalogue after DCAT-AP, as JSON-LD with all its context inline, piece by piece."""
    envelope = filled(
        {
            "@context": CONTEXT,
            "@id": f"{base}catalog.jsonld#catalog",
            "@type": "dcat:Catalog",
            "dct:title": _text(site.title),
            "dct:description": _text(_note(site.illustration) or site.title),
            "dct:publisher": {"@id": f"{base}catalog.jsonld#portal", "@type": "foaf:Agent", "foaf:name": site.title},
            "dct:language": {"@id": f"{EU}/language/VIE"},
            "foaf:homepage": {"@id": base or "./"},
            "adms:versionNotes": _text(_note(site.illustration)),
        }
    )
    return streamed(envelope, "dcat:dataset", (_dcat_dataset(description, base) for description in datasets))


def data_json(site: Site, datasets: Iterable[Description], base: str) -> Iterator[bytes]:
    """The catalogue after DCAT-US 1.1. A field that the agency left out is left out, though the profile asks for it."""
    envelope = notice(site.illustration) | {
        "@context": f"{POD}/catalog.jsonld",
        "@id": f"{base}data.json",
        "@type": "dcat:Catalog",
        "conformsTo": POD,
        "describedBy": f"{POD}/catalog.json",
    }
    return streamed(envelope, "dataset", (_pod_dataset(description, base) for description in datasets))


def _dcat_dataset(description: Description, base: str) -> dict[str, Any]:
    own = description["opendata"]
    code, _ = _frequency(own["frequency"])
    page = {"@id": f"{base}dataset/{own['name']}/"}
    period = filled({"dcat:startDate": _typed(own["period_start"]), "dcat:endDate": _typed(own["period_end"])})
    return filled(
        {
            "@id": f"{base}dataset/{own['name']}/#dataset",
            "@type": "dcat:Dataset",
            "dct:identifier": own["name"],
            "dct:title": _text(description.get("title", "")),
            "dct:description": _text(description.get("description", "")),
            "dcat:keyword": [_text(keyword) for keyword in description.get("keywords", ())],
            "dcat:theme": {"@type": "skos:Concept", "skos:prefLabel": _text(own["theme"])} if own["theme"] else None,
            "dct:publisher": _agent(own["agency"], base),
            "dct:creator": {"@type": "foaf:Agent", "foaf:name": own["creator"]} if own["creator"] else None,
            "dcat:contactPoint": _contact(own["contact"]),
            "dct:issued": _typed(own["issued"]),
            "dct:modified": _typed(own["modified"]),
            "dct:accrualPeriodicity": {"@id": f"{EU}/frequency/{code}"} if code else None,
            "dct:temporal": {"@type": "dct:PeriodOfTime"} | period if period else None,
            "dct:spatial": {"@type": "dct:Location", "skos:prefLabel": own["spatial"]} if own["spatial"] else None,
            "dct:accessRights": {"@id": f"{EU}/access-right/PUBLIC"},
            "dcat:landingPage": page,
            "dcat:version": description["version"],
            "adms:versionNotes": _text(_note(own["illustration"])),
            "dcat:distribution": [_dcat_file(description, resource, base) for resource in description["resources"]],
        }
    )


def _dcat_file(description: Description, resource: Mapping[str, Any], base: str) -> dict[str, Any]:
    own, hosted = description["opendata"], not is_link(resource)
    address = {"@id": file_address(description, resource, base)}
    checksum = {
        "@type": "spdx:Checksum",
        "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
        "spdx:checksumValue": {
            "@value": resource["hash"].removeprefix("sha256:"),
            "@type": "xsd:hexBinary",
        },
    }
    kind = resource.get("mediatype", "")
    return filled(
        {
            "@id": f"{base}dataset/{own['name']}/#{resource['id']}",
            "@type": "dcat:Distribution",
            "dct:identifier": resource["id"],
            "dct:title": _text(resource.get("title") or resource["filename"]),
            "dct:format": {"@type": "dct:MediaTypeOrExtent", "rdfs:label": resource["format"].upper()}
            if resource.get("format")
            else None,
            "dcat:mediaType": {"@id": IANA + kind} if re.fullmatch(r"[\w.+-]+/[\w.+-]+", kind) else None,
            "dcat:accessURL": address,
            "dcat:downloadURL": address,
            "dct:license": _licence_document(description),
            "dcat:byteSize": {"@value": str(resource["bytes"]), "@type": "xsd:nonNegativeInteger"} if hosted else None,
            "spdx:checksum": checksum if hosted else None,
        }
    )


def _pod_dataset(description: Description, base: str) -> dict[str, Any]:
    own, licences = description["opendata"], description.get("licenses", [{}])
    _, duration = _frequency(own["frequency"])
    both = own["period_start"] and own["period_end"]
    return filled(
        {
            "@type": "dcat:Dataset",
            "identifier": own["name"],
            "title": description.get("title", ""),
            "description": description.get("description", ""),
            "keyword": list(description.get("keywords", ())),
            "theme": [own["theme"]] if own["theme"] else [],
            "modified": own["modified"] or own["issued"],
            "issued": own["issued"],
            "publisher": {"@type": "org:Organization", "name": own["agency"]["name_vi"]},
            "contactPoint": _pod_contact(own["contact"]),
            "accessLevel": "public",
            "license": licences[0].get("path", ""),
            "accrualPeriodicity": duration,
            "temporal": f"{own['period_start']}/{own['period_end']}" if both else "",
            "spatial": own["spatial"],
            "landingPage": f"{base}dataset/{own['name']}/",
            "notice": own.get("notice", ""),
            "distribution": [_pod_file(description, resource, base) for resource in description["resources"]],
        }
    )


def _pod_file(description: Description, resource: Mapping[str, Any], base: str) -> dict[str, Any]:
    return filled(
        {
            "@type": "dcat:Distribution",
            "identifier": resource["id"],
            "title": resource.get("title") or resource["filename"],
            "downloadURL": file_address(description, resource, base),
            "mediaType": resource.get("mediatype") or "application/octet-stream",
            "format": resource.get("format", "").upper(),
            "byteSize": None if is_link(resource) else resource["bytes"],
            "checksum": "" if is_link(resource) else resource["hash"],
        }
    )


def _frequency(words: str) -> tuple[str, str]:
    plain = unicodedata.normalize("NFC", words).lower()
    return next(((code, duration) for pattern, code, duration in FREQUENCIES if re.search(pattern, plain)), ("", ""))


def _licence_document(description: Description) -> dict[str, Any] | None:
    for licence in description.get("licenses", ()):
        document = {"@type": "dct:LicenseDocument", "rdfs:label": licence.get("title", licence.get("name", ""))}
        return {"@id": licence["path"]} | document if "path" in licence else document
    return None


def _contact(contact: str) -> dict[str, Any] | None:
    address = _email(contact)
    mail = {"vcard:hasEmail": {"@id": f"mailto:{address}"}} if address else {}
    return {"@type": "vcard:Organization", "vcard:fn": contact} | mail if contact else None


def _pod_contact(contact: str) -> dict[str, Any] | None:
    address = _email(contact)
    mail = {"hasEmail": f"mailto:{address}"} if address else {}
    return {"@type": "vcard:Contact", "fn": contact} | mail if contact else None


def _email(contact: str) -> str:
    found = re.search(r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", contact)
    return found[0] if found else ""


def _agent(agency: Mapping[str, str], base: str) -> dict[str, Any]:
    names = [_text(agency["name_vi"])]
    if agency["name_en"]:
        names.append({"@value": agency["name_en"], "@language": "en"})
    return {"@id": f"{base}catalog.jsonld#agency-{quote(agency['id'])}", "@type": "foaf:Agent", "foaf:name": names}


def _note(illustration: bool) -> str:
    return str(notice(illustration).get("notice", ""))


def _text(words: str) -> dict[str, str]:
    return {"@value": words, "@language": "vi"} if words else {}


def _typed(day: str | None) -> dict[str, str] | None:
    return {"@value": day, "@type": "xsd:date"} if day else None
