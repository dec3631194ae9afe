"""The embedded world: loopback Airtable, HubSpot and Crossbeam with durable state, a write log, fault knobs, a page.

An island: nothing in here imports from the rest of `mdfsync`, so that what the worker believes about the
vendors and what this world does stay two separate statements. Only `wiring` starts it. See `server.Sandbox`.
"""
