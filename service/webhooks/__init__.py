"""Calls to an address that a client named, once its analysis has ended: signed, retried, and never to inside."""
