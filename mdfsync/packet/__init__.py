"""The reimbursement packet: what is claimed, line by line, with everything that proves it, and what is not and why.

    claim or request + view + open findings ─packet_of─> Packet

`lines` decides which lines enter: those that are eligible now and that nothing holds, and no other. `proof` gathers the
documents and tests behind a line, `deviations` what went otherwise than planned, `passed` what people let pass,
`reconciled` whether every sum meets every other, `signing` who signs, `promises` the match and the results that were
promised. `versions` tells one packet from its successor. Pure: nothing here reads a file, asks the time or gives
anything a form; `documents/packet*` does. Ninth layer, over `eligibility`, `ledger`, `approval` and `derive`.
"""

from mdfsync.packet.content import Asked, Barred, Check, Deviation, Filed, Line, Packet, Passed, Proof, SignOff, Tested
from mdfsync.packet.made import packet_of

__all__ = [
    "Asked",
    "Barred",
    "Check",
    "Deviation",
    "Filed",
    "Line",
    "Packet",
    "Passed",
    "Proof",
    "SignOff",
    "Tested",
    "packet_of",
]
