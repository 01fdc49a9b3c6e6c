"""Datasets of files: their kinds, statistics, rules, and two versions of them compared."""
