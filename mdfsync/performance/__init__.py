"""Performance of joint campaigns against their plan: spend, deliverables, leads, pipeline, claims, and what is unknown.

    View + open findings ─review_of─> Review: of a campaign, a partner, an MDF programme, a quarter

`asked` says what is reviewed and which days belong to it, `measure` what a figure is; each other module judges one part
and `review` puts them together. Money and performance stand apart: no lead and no deal makes an expense eligible, and
an eligible expense says nothing of what it brought. Pure functions; classes are never added together, nor currencies,
nor what we claim and what we reimburse. A figure that cannot be told says why.
"""
