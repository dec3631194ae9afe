"""The sandbox's Airtable: `routes` answers the public API, `desk` is a person at work in Airtable's own pages."""
