"""In which order pieces of work can be done, and which of them wait for each other in a circle.

Several circles that share a piece are one: whoever cuts it has to look at all of them. Pieces in a circle have no place
in the order, the others keep theirs. Pure; the graph's own work is networkx's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """`sequence`: every piece that is in no circle, after all that it waits for; `circles`: the members of each. Both
    in a stable order."""

    sequence: tuple[str, ...]
    circles: tuple[tuple[str, ...], ...]


def in_order(waits_for: Mapping[str, tuple[str, ...]]) -> Order:
    """The order of the pieces that are keys; what they wait for beyond those is left out."""
    if not any(waits_for.values()):
        return Order(sequence=tuple(sorted(waits_for)), circles=())
    import networkx as nx  # a third of a second to load, and most runs over a base without dependencies need none of it

    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(sorted(waits_for))
    graph.add_edges_from(sorted((first, id) for id, ids in waits_for.items() for first in ids if first in waits_for))
    knots = (sorted(members) for members in nx.strongly_connected_components(graph))
    circles = sorted(tuple(members) for members in knots if len(members) > 1 or graph.has_edge(members[0], members[0]))
    graph.remove_nodes_from([id for members in circles for id in members])
    return Order(sequence=tuple(nx.lexicographical_topological_sort(graph)), circles=tuple(circles))
