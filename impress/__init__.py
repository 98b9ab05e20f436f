"""IMPRESS as Inspect sees it: ``inspect eval impress/agent -T release=FOLDER --model PROVIDER/MODEL``.

Tasks, solvers and scorers under their public names; what they do is in :mod:`pipeline.evaluation`.
"""

from pipeline.evaluation.offline import use_bundled_vocabulary

use_bundled_vocabulary()

from impress.providers import embedded, protocol  # noqa: E402
from impress.scorers import action, answer, considered, induced  # noqa: E402
from impress.solvers import act  # noqa: E402
from impress.tasks import agent, choice, judgment  # noqa: E402

__all__ = ["act", "action", "agent", "answer", "choice", "considered", "embedded", "induced", "judgment", "protocol"]
