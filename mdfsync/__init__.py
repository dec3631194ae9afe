"""mdfsync keeps an Airtable base of joint partner campaigns true to its sources without overwriting people."""

__version__ = "0.1.0"
