"""The vocabulary: frozen dataclasses and the rules between them. Standard library only.

What belongs here: values, their grammar and their arithmetic. What does not: reading files,
starting programs, rendering.
"""
