"""The rounds of a build: attempts for the cells that are short, through the stages, until nothing is left to do."""

from __future__ import annotations

from pipeline.rounds.context import BuildContext
from pipeline.rounds.crew import Crew
from pipeline.rounds.ledger import Ledger
from pipeline.rounds.round import Lanes, Round
from pipeline.rounds.standing import standing_of
from pipeline.rounds.upcoming import StoppedBy, cell_plans, next_attempts, stopped_by


async def run_rounds(context: BuildContext) -> tuple[Ledger, StoppedBy]:
    """Make candidates round by round until each cell is full or its attempts run out.

    Returns:
        What was made, and what ended the build.
    """
    plan, specification, ledger = context.plan, context.specification, Ledger(context.base.earlier)
    plans, standing = cell_plans(plan), standing_of(plan, specification)
    async with Crew() as crew:
        lanes = Lanes(context)
        current = Round(0, context, crew, lanes, ledger, standing=standing)
        current.add(next_attempts(plan, ledger, specification))
        current.close()
        while len(current):
            following = Round(current.number + 1, context, crew, lanes, ledger, standing=standing)

            def go_on(cell: str, following: Round = following) -> None:
                following.add(next_attempts(plans[cell], ledger, specification))

            await current.finish(go_on)
            following.close()
            current = following
    return ledger, stopped_by(plan, ledger)
