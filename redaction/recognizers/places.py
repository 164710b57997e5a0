"""Geographic coordinates.

Three decimals of a degree are 100 metres; coarser coordinates only name a town and are kept.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from redaction.recognizers.base import Rule, RuleRecognizer, words

if TYPE_CHECKING:
    from redaction.recognizers.base import TextRecognizer

_LATITUDE = r"[-+]?(?:90(?:\.0{3,})?|[0-8]?\d\.\d{3,15})°?(?: ?[NS]\b)?"
_LONGITUDE = r"[-+]?(?:180(?:\.0{3,})?|(?:1[0-7]\d|\d{1,2})\.\d{3,15})°?(?: ?[EWO]\b)?"
_NUMBER = r"(?<![\w.+-])[-+]?\d{1,3}\.\d{3,15}°?(?: ?[NSEWO]\b)?(?![\w%]|\.\d)"
_DMS = r"\d{1,3}° ?\d{1,2}['\u2032\u2019] ?(?:\d{1,2}(?:\.\d+)?(?:[\"\u2033\u201d]|''|\u2019\u2019))? ?"
_CONTEXT = words(
    "lat",
    "latitude",
    "lon",
    "lng",
    "long",
    "longitude",
    "gps",
    "coordinates?",
    "coords?",
    "geo(?:location|point)?",
    "position",
    "located at",
    "location",
    "latlng",
    "latlong",
)


def recognizers() -> list[TextRecognizer]:
    """Return the recognizers of this family."""
    return [
        RuleRecognizer(
            "CoordinateRecognizer",
            (
                Rule(
                    "GEO_COORDINATES",
                    re.compile(rf"(?<![\w.]){_LATITUDE}(?:[,;] ?|\s+){_LONGITUDE}(?![\w%]|\.\d)"),
                    0.85,
                    context=_CONTEXT,
                ),
                Rule(
                    "GEO_COORDINATES",
                    re.compile(_NUMBER),
                    0.7,
                    context=words("lat", "latitude", "lon", "lng", "longitude"),
                ),
                Rule(  # RFC 5870, and the links of maps
                    "GEO_COORDINATES",
                    re.compile(
                        rf"(?:geo:|/@|[?&](?:q|ll|center|query|daddr|saddr)=(?:loc:)?)(?P<value>{_LATITUDE},{_LONGITUDE})"
                    ),
                    0.9,
                ),
                Rule("GEO_COORDINATES", re.compile(rf"{_DMS}[NS][,; ]{{0,2}}{_DMS}[EWO]\b"), 0.9),
                Rule(
                    "GEO_COORDINATES",
                    re.compile(r"\bPOINT ?\( ?(?P<value>-?\d{1,3}\.\d{3,} -?\d{1,3}\.\d{3,}) ?\)"),
                    0.9,
                ),
            ),
        )
    ]
