"""The open-data harvester and publisher: collect → check → publish → count."""
