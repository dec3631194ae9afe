"""How joint campaigns and their deals hang together with HubSpot: is all there that tracking needs, and what is not
mapped.

    mirror + base + schema/tracking.toml ─> readiness, UTM values that stray, deals with gaps, totals side by side

`portal` reads what HubSpot has set up, `convention` what a UTM value must look like, `seen` which values came in,
`readiness` judges a campaign, `gaps` its deals, `totals` compares counts. Pure functions of the view; what could not
be read is unknown and never called missing. Read by `derive`, `rules` and `doctor`.
"""
