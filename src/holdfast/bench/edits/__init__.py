"""What people do to pictures before they post them again. Used by the demo and by the benchmarks.

`classic` holds the demo's edits, one fixed instance each. `people` holds the edits of ``bench images
--edits``, each drawn anew from a seed: where the crop lies, how high the bar is, which screen it is.
"""

from __future__ import annotations

from holdfast.bench.edits.classic import EDITS, Edit, photograph
from holdfast.bench.edits.people import CORE_EDITS, MORE_EDITS, PeopleEdit, edited_jpeg

__all__ = ["CORE_EDITS", "EDITS", "MORE_EDITS", "Edit", "PeopleEdit", "edited_jpeg", "photograph"]
