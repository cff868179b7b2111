"""Static files with their content's hash in their names, the modules' imports included."""

import re
from typing import Any

from django.core.files.base import ContentFile
from whitenoise.storage import (  # type: ignore[import-untyped]
    CompressedManifestStaticFilesStorage,
)

# Comments that have lines of their own: a third of what a browser would be sent. That nothing but
# them is taken out is tested with a real parser, by the same pattern (tests/js/budget.test.js).
_COMMENTS = re.compile(
    rb"^[ \t]*(?:/\*\*(?:(?!\*/).)*\*/|//[^\n]*)[ \t]*\n", re.MULTILINE | re.DOTALL
)


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    support_js_module_import_aggregation = True
    # One for each module on the longest way from a page to what it imports in the end, which is
    # seven today; only a circle would need them all.
    max_post_process_passes = 20

    def _save(self, name: str, content: Any) -> str:
        if name.startswith("js/") and name.endswith(".js"):
            content = ContentFile(_COMMENTS.sub(b"", b"".join(content.chunks())))
        saved: str = super()._save(name, content)
        return saved
