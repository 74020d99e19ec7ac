"""What is read from the environment: where things are, and the secrets. Nothing else of the product looks there.

Codes: CFG-014 a variable whose value cannot be.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from harvester.errors import ConfigurationError
from harvester.i18n import Text, say

LONGEST_KEY = 10_000  # characters; a CKAN API token has under 200


@dataclass(frozen=True)
class Environment:
    """The variables of the contract; empty when not set. What may hold a password is not in its repr."""

    workspace: Path | None  # OPENDATA_WORKSPACE
    database: str = field(repr=False)  # OPENDATA_DATABASE, a URL
    ckan_url: str
    ckan_api_key: str = field(repr=False)  # CKAN_API_KEY, or the content of CKAN_API_KEY_FILE
    https_proxy: str = field(repr=False)
    no_proxy: str
    ca_bundle: Path | None  # SSL_CERT_FILE
    smtp_password: str = field(default="", repr=False)  # OPENDATA_SMTP_PASSWORD
    webhook_secret: str = field(default="", repr=False)  # OPENDATA_WEBHOOK_SECRET

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must be seen nowhere: keys, and the passwords in addresses."""
        addresses = (urlsplit(self.database), urlsplit(self.https_proxy))
        found = (self.ckan_api_key, self.smtp_password, self.webhook_secret, *(a.password or "" for a in addresses))
        return tuple(secret for secret in found if secret)


def environment(variables: Mapping[str, str]) -> Environment:
    """The environment's part of the configuration; the caller hands in `os.environ`.

    Raises ConfigurationError CFG-014 naming the variable, never the value of a secret.
    """
    values = {name: value.strip() for name, value in variables.items()}
    bundle = values.get("SSL_CERT_FILE", "")
    if bundle and not Path(bundle).is_file():
        message = say("{variable}: there is no file {path}.", variable="SSL_CERT_FILE", path=bundle)
        raise _wrong(message, say("Name the file with the certificates to trust, or take the variable away."))
    workspace = values.get("OPENDATA_WORKSPACE", "")
    return Environment(
        workspace=Path(workspace) if workspace else None,
        database=values.get("OPENDATA_DATABASE", ""),
        ckan_url=_web_address(values, "CKAN_URL"),
        ckan_api_key=_key(values),
        https_proxy=_web_address(values, "HTTPS_PROXY"),
        no_proxy=values.get("NO_PROXY", ""),
        ca_bundle=Path(bundle) if bundle else None,
        smtp_password=values.get("OPENDATA_SMTP_PASSWORD", ""),
        webhook_secret=values.get("OPENDATA_WEBHOOK_SECRET", ""),
    )


def _web_address(values: Mapping[str, str], variable: str) -> str:
    address = values.get(variable, "")
    try:
        legal = not address or (urlsplit(address).scheme in ("http", "https") and bool(urlsplit(address).hostname))
    except ValueError:
        legal = False
    if not legal:
        message = say("{variable} is not a web address.", variable=variable)
        raise _wrong(message, say("Write it whole, with http:// or https:// in front."))
    return address


def _key(values: Mapping[str, str]) -> str:
    key, file = values.get("CKAN_API_KEY", ""), values.get("CKAN_API_KEY_FILE", "")
    if key and file:
        message = say("CKAN_API_KEY and CKAN_API_KEY_FILE are both set.")
        raise _wrong(message, say("Keep one of the two."))
    if file:
        key = _content(Path(file))
    if not key.isascii() or not key.isprintable() or " " in key or len(key) > LONGEST_KEY or (file and not key):
        message = say("{variable} holds no API key.", variable="CKAN_API_KEY_FILE" if file else "CKAN_API_KEY")
        raise _wrong(message, say("The key is one word on one line; CKAN shows it once, when it is made."))
    return key


def _content(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(LONGEST_KEY + 1).strip()
    except OSError as error:
        values = {"variable": "CKAN_API_KEY_FILE", "path": str(path), "reason": str(error.strerror)}
        message = say("{variable}: {path} cannot be read ({reason}).", **values)
        raise _wrong(message, say("Name a file that the user of this command may read.")) from error


def _wrong(message: Text, remedy: Text) -> ConfigurationError:
    return ConfigurationError("CFG-014", message, remedy)
