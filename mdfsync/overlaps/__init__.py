"""Account overlaps of a campaign: what each account is to both sides, whether it may be targeted, what was frozen at
launch, and what has moved since.

    Shared Accounts ─standing─> both sides' status ─targets─> target, excluded, review
                    ─launch──> frozen once        ─changes─> what moved since
                    ─sharing─> one event of a partner

Overlap is presence, never credit. Pure functions of the view; derivations, rules and documents read from here.
"""
