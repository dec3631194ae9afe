"""Local state: a cache of what was last seen plus the journal of what was being done. Losing it costs a full
read, never a value.

`State.open(url)` is the only entry. The methods stand in four parts, by what they remember: the sources
(`state_sources`), the base (`state_bases`), the chain of Change History (`state_chain`), the runs
(`state_runs`). Every method is one transaction; whatever goes wrong in the database is one `Stopped` line. It
decides nothing and talks to no service. Edge of the flow, joined by `wiring`.
"""

from __future__ import annotations

from mdfsync.edge.state_bases import BaseState
from mdfsync.edge.state_chain import ChainState
from mdfsync.edge.state_runs import RunState
from mdfsync.edge.state_sources import SourceState


class State(SourceState, BaseState, ChainState, RunState):
    """The whole state of one home: `State.open("sqlite:////home/state.db")`."""
