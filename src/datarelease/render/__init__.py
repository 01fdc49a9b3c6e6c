"""The report for people: Markdown, HTML, a terminal. These modules read a report, never decide.

What belongs here: wording, number formats, escaping, order and length. What does not: figures that
are not in the report, reading files, and anything that knows where the output goes.
"""
