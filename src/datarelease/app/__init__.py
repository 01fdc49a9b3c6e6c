"""The composition root: settings and environment in, wired flows out.

Everything that is not about values comes together here: which directory, which environment,
which cache. Nothing below reads any of these by itself.
"""
