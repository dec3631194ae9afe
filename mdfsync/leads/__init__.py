"""Leads of joint campaigns: what the partners' lists and our CRM say of one person, and what follows from it.

    lists ─> reconciled (status, causes of holds) ─┐
    touches, deals, overlaps ─> ownership          ├─> outgoing (who may be named to which partner)
    domains and lists ─> classes                   ┘
    touches, dispositions ─> clocks

Pure functions of the view. Rules, derivations and documents read the same functions, so that a hold, a cell and a page
say one thing of one lead. Nothing here matches two people: that is `observe.landing`, by e-mail address alone.
"""
