"""`make bench`: the product measured against simpler servers, in interleaved rounds of one run.

docs/performance.md says what is measured and what came out.
"""
