"""The pure core: no asyncio, no clock, no randomness, no logging, no input or output.

A method here changes state and returns what is to be done; the engine does it. Time is a
parameter, and so is chance.
"""
