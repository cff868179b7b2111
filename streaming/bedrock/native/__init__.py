"""What the providers' own models are asked with, and answer, where Converse is not used.

One small file for each dialect, all of one shape (`dialect`); `families` finds a model's; `invoke`
asks with it. They emit the same events as Converse.
"""
