"""Policies inside agent frameworks: one small module each, imported by name.

Every one asks before a tool runs and lets the model read why it may not; none judges anything
itself. The framework must be installed; each is an extra of this distribution.
"""
